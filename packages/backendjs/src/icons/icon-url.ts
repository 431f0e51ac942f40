import { toText } from '../http/coercion.js';
import { ACCOUNT_PREFIX, DEFAULT_TYPE, type IconName } from './icon-name.js';

const USUAL_EXT = 'jpg';

export interface IconLink extends IconName {
  readonly acl: unknown;
  /** Of the stored file, without a dot; told unless it is the usual `jpg`. */
  readonly ext: string;
}

/**
 * Where the caller gets an icon: at an address that needs no credentials if the operator has opened that prefix (`isOpen`) and the icon
 * is meant for everybody or nobody in particular, else at the endpoint of its prefix.
 */
export function iconUrl({ id, prefix, type, acl, ext }: IconLink, callerId: string | null, isOpen: boolean): string {
  const audience = toText(acl);
  const told = ext === USUAL_EXT ? '' : ext;
  if (isOpen && (audience === '' || audience === 'all')) {
    return `${imagePath({ id, prefix, type })}${told === '' ? '' : `.${told}`}`;
  }
  const query = new URLSearchParams();
  const isAccounts = prefix === ACCOUNT_PREFIX;
  if (!isAccounts) query.set('prefix', prefix);
  if (!isAccounts || type !== DEFAULT_TYPE) query.set('type', type);
  if (callerId !== id) query.set('id', id);
  if (told !== '') query.set('_ext', told);
  const text = query.toString();
  return `${isAccounts ? '/account/get/icon' : '/icon/get'}${text === '' ? '' : `?${text}`}`;
}

export function imagePath({ id, prefix, type }: IconName): string {
  return `/image/${[prefix, id, type].map(encodeURIComponent).join('/')}`;
}
