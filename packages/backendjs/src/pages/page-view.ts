import { readFileSync } from 'node:fs';
import { BacksideError } from '@backside/protocol';

/** What of a page is shown: safe HTML, all of it. */
interface PageParts {
  readonly title: string;
  /** The list of its headings; empty for a page that wants none. */
  readonly toc: string;
  readonly content: string;
}

/** The document that pages are shown in. */
export interface PageView {
  /** Whether it is the operator's, and may bring styles. */
  readonly ownStyle: boolean;
  show(parts: PageParts): string;
}

const USUAL = `<!doctype html>
<html>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
</head>
<body>
<main>
@TOC@@CONTENT@</main>
</body>
</html>
`;

/** The file's, or the usual one for an empty path. Throws `invalid-data` for a file that cannot be read or has no place for content. */
export function readPageView(path: string): PageView {
  const document = path === '' ? USUAL : read(path);
  if (!document.includes('@CONTENT@')) throw new BacksideError('invalid-data', 'pages-view has no @CONTENT@');
  return {
    ownStyle: path !== '',
    show: (parts) =>
      document.replace(/@(TITLE|TOC|CONTENT)@/g, (_, name: string) => parts[name.toLowerCase() as keyof PageParts]),
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BacksideError('invalid-data', 'pages-view cannot be read', { cause });
  }
}
