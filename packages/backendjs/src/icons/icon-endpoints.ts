import type { AccountHook, BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint, LegacyReply } from '../endpoint.js';
import type { LegacyAnswer } from '../http/answer.js';
import { encodeKey } from '../rows/encode-key.js';
import { viewerOf } from '../rows/reply.js';
import { ACCOUNT_PREFIX, type IconName, IDENTIFIER, requirePrefix, typeIn } from './icon-name.js';
import { deleteIcon, getIcon, notFound, picture, putIcon, selectIcons, uploadIcon } from './icon-requests.js';
import { imagePath } from './icon-url.js';
import { isOpenPath } from './icon-view.js';
import { mayView } from './icon-visibility.js';
import { Icons } from './icons.js';

const IMAGE_SUFFIX = /\.(?:png|jpe?g|gif)$/;

type Serve = (icons: Icons, call: LegacyCall, prefix: string) => Promise<LegacyReply>;

/** Icons, those of accounts, and pictures by their address. None where no media are kept. */
export function iconEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  if (context.media === null) return [];
  const icons = new Icons(context, context.media);
  context.accountHooks.push(iconHook(icons));
  const named = (serve: Serve) => (call: LegacyCall) => serve(icons, call, requirePrefix(call.params.text('prefix')));
  const account = (serve: Serve) => (call: LegacyCall) => serve(icons, call, ACCOUNT_PREFIX);
  return [
    { paths: ['/icon/get'], serve: named(getIcon) },
    { paths: ['/icon/put'], serve: named(putIcon) },
    { paths: ['/icon/upload'], serve: named(uploadIcon) },
    { paths: ['/icon/del'], serve: named(deleteIcon) },
    { paths: ['/icon/select'], serve: named(selectIcons) },
    { paths: ['/account/get/icon'], serve: account(getIcon) },
    { paths: ['/account/put/icon'], serve: account(putIcon) },
    { paths: ['/account/del/icon', '/account/icon/del'], serve: account(deleteIcon) },
    { paths: ['/account/select/icon'], serve: account(selectIcons) },
    { paths: ['/image/:prefix/:id/:type'], serve: (call) => serveImage(icons, call) },
  ];
}

/** Any picture of a prefix that the operator has opened; of others those that the caller may see. Throws 404. */
function serveImage(icons: Icons, call: LegacyCall): Promise<LegacyAnswer> {
  const name = nameInPath(icons, call.variables);
  const isOpen = isOpenPath(call.context.settings, imagePath(name));
  if (!isOpen && !mayView(icons.get(name)?.acl_allow, name.id, viewerOf(call))) throw notFound();
  return picture(icons, call, name);
}

/** A suffix says nothing, unless it belongs to the type of an icon. */
function nameInPath(icons: Icons, { prefix = '', id = '', type = '' }: LegacyCall['variables']): IconName {
  const of = { id, prefix: requirePrefix(prefix) };
  const whole = { ...of, type };
  if (IDENTIFIER.test(type) && icons.get(whole) !== null) return whole;
  return { ...of, type: typeIn(prefix, type.replace(IMAGE_SUFFIX, '')) };
}

/** An account that goes takes its icons and pictures along. */
function iconHook(icons: Icons): AccountHook {
  return {
    onDelete: (id) => ({ steps: [{ method: 'remove', path: ['icons', encodeKey(id)] }] }),
    purge: (id) => icons.removePictures(id),
  };
}
