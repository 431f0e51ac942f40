import type { Json } from '@backside/tree';
import type { LegacyCall } from '../endpoint.js';
import { blobAnswer } from '../files/blob-answer.js';
import type { LegacyAnswer } from '../http/answer.js';
import { MAX_COUNT } from '../http/control.js';
import { LegacyError } from '../http/legacy-error.js';
import { conditionsOf } from '../rows/condition.js';
import { viewerOf } from '../rows/reply.js';
import { rowOf } from '../rows/row-write.js';
import type { Row } from '../rows/table.js';
import { ICONS } from '../rows/tables.js';
import { filledType, type IconName, typeIn } from './icon-name.js';
import { imagePath } from './icon-url.js';
import { iconView } from './icon-view.js';
import { mayView } from './icon-visibility.js';
import type { IconColumns, Icons } from './icons.js';
import { type PreparedImage, prepareImage } from './prepared-image.js';
import { type UploadedImage, uploadedImage } from './uploaded-image.js';

/** What a client may say of an icon. */
const CHOSEN = ['descr', 'latitude', 'longitude', 'acl_allow', 'tags'] as const;

/** The picture, if there is one that the caller may see. Throws 404. */
export async function getIcon(icons: Icons, call: LegacyCall, prefix: string): Promise<LegacyAnswer> {
  const id = call.params.text('id') || call.requireAccount().id;
  const name = { id, prefix, type: typeIn(prefix, call.params.text('type')) };
  const row = icons.get(name);
  if (row === null || !mayView(row.acl_allow, id, viewerOf(call))) throw notFound();
  return picture(icons, call, name);
}

/** The picture of that name, whoever asks. Throws 404. */
export async function picture(icons: Icons, call: LegacyCall, name: IconName): Promise<LegacyAnswer> {
  const blob = await icons.open(name);
  if (blob === null) throw notFound();
  return blobAnswer(blob, call.request);
}

/** Stores a picture and answers the icons of the prefix, the new one in any case. Throws 400 without one, 403 beyond the limit. */
export async function putIcon(icons: Icons, call: LegacyCall, prefix: string): Promise<Json> {
  const { id } = call.requireAccount();
  const upload = required(call);
  const name = newName(call, { id, prefix, upload });
  const columns = columnsOf(call);
  await icons.put(name, await prepared(icons, call, upload), columns);
  const rows = await icons.list({ id, prefix });
  const own = rows.some(({ type }) => type === name.type) ? null : icons.get(name);
  return shown(call, own === null ? rows : [...rows, own]);
}

/** Stores a picture without a row and answers where it is. */
export async function uploadIcon(icons: Icons, call: LegacyCall, prefix: string): Promise<Json> {
  const { id } = call.requireAccount();
  const upload = required(call);
  const name = newName(call, { id, prefix, upload });
  const image = await prepared(icons, call, upload);
  await icons.upload(name, image);
  const { width, height } = image.info;
  return { url: `${imagePath(name)}.${image.ext}`, width, height, ext: image.ext, size: image.bytes.byteLength };
}

export async function deleteIcon(icons: Icons, call: LegacyCall, prefix: string): Promise<Json> {
  const { id } = call.requireAccount();
  await icons.remove({ id, prefix, type: typeIn(prefix, call.params.text('type')) });
  return [];
}

/** The icons of an account, by default the caller, that the caller may see and whose types begin as asked. */
export async function selectIcons(icons: Icons, call: LegacyCall, prefix: string): Promise<Json> {
  const id = call.params.text('id') || call.requireAccount().id;
  const { params, control } = call;
  const conditions = conditionsOf(ICONS, new Map([['type', params.text('type')]]), control.ops);
  const { page, desc: descending } = control;
  const count = params.has('_count') ? control.count || MAX_COUNT : MAX_COUNT;
  return shown(call, await icons.list({ id, prefix }, { conditions, count, page, descending }));
}

function shown(call: LegacyCall, rows: readonly Row[]): Json {
  const viewer = viewerOf(call);
  return rows.map((row) => iconView(row, viewer, call.context.settings)).filter((row) => row !== null);
}

function required(call: LegacyCall): UploadedImage {
  const upload = uploadedImage(call);
  if (upload === null) throw new LegacyError(400, 'Upload error');
  return upload;
}

function newName(call: LegacyCall, of: { id: string; prefix: string; upload: UploadedImage }): IconName {
  const { id, prefix, upload } = of;
  const wanted = filledType(call.params.text('type'), { now: call.context.now(), filename: upload.filename });
  return { id, prefix, type: typeIn(prefix, wanted) };
}

function prepared(icons: Icons, { control }: LegacyCall, { bytes }: UploadedImage): Promise<PreparedImage> {
  return prepareImage(icons.images, bytes, control);
}

function columnsOf({ params, control }: LegacyCall): IconColumns {
  const given = CHOSEN.filter((name) => params.has(name)).map((name) => [name, params.get(name) ?? null] as const);
  const { rotate } = control;
  return {
    ...rowOf(ICONS, given),
    ...(params.has('acl_allow') && { acl_allow: params.list('acl_allow').join(',') }),
    ...(Number.isFinite(rotate) && { rotation: Math.round(rotate) }),
  };
}

export function notFound(): LegacyError {
  return new LegacyError(404, 'Not found or not allowed');
}
