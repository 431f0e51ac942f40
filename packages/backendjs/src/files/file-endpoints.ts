import type { Json } from '@backside/tree';
import type { BackendjsContext } from '../context.js';
import type { LegacyCall, LegacyEndpoint } from '../endpoint.js';
import type { LegacyAnswer } from '../http/answer.js';
import { LegacyError } from '../http/legacy-error.js';
import { blobAnswer } from './blob-answer.js';
import { adjustedName, plainName, requireFileName } from './file-name.js';
import { Files } from './files.js';
import { uploadedContent } from './uploaded-content.js';

const DONE = { status: 200, message: '' } as const;

/** Files by prefix and name. None where no media are kept. */
export function fileEndpoints(context: BackendjsContext): LegacyEndpoint[] {
  if (context.media === null) return [];
  const files = new Files(context, context.media);
  context.accountHooks.push({ purge: (id) => files.removeAll(id) });
  return [
    { paths: ['/file/get'], serve: (call) => getFile(files, call) },
    { paths: ['/file/put', '/file/add'], serve: (call) => putFile(files, call) },
    { paths: ['/file/del'], serve: (call) => deleteFile(files, call) },
  ];
}

async function getFile(files: Files, call: LegacyCall): Promise<LegacyAnswer> {
  const blob = await files.open(requireFileName(call.params));
  if (blob === null) throw new LegacyError(404, 'no such file');
  return blobAnswer(blob, call.request);
}

async function putFile(files: Files, call: LegacyCall): Promise<Json> {
  const account = call.requireAccount();
  const { prefix, name } = requireFileName(call.params);
  const { control, context } = call;
  const adjusted = adjustedName(name, { ext: control.ext, time: control.tm ? context.now() : null });
  await files.put({ prefix, name: plainName('name', adjusted) }, uploadedContent(call), account);
  return DONE;
}

async function deleteFile(files: Files, call: LegacyCall): Promise<Json> {
  await files.remove(requireFileName(call.params), call.requireAccount());
  return DONE;
}
