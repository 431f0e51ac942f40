import { describe, expect, it } from 'vitest';
import { renderMarkdown, renderToc, titleOf } from './markdown.js';

describe('a rendered page', () => {
  it('has the usual elements', () => {
    const { html } = renderMarkdown(
      '# Title\n\nSome *text* and `code`.\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |',
    );
    expect(html).toContain('<h1 id="h-title">Title</h1>');
    expect(html).toContain('<em>text</em>');
    expect(html).toContain('<code>code</code>');
    expect(html).toContain('<li>one</li>');
    expect(html).toContain('<td>1</td>');
  });

  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['an element with a handler', '<img src=x onerror=alert(1)>'],
    ['an element inside of a paragraph', 'text <b onclick="alert(1)">bold</b>'],
    ['a frame', '<iframe src="https://example.com"></iframe>'],
  ])('shows %s as text', (_, text) => {
    expect(renderMarkdown(text).html).not.toMatch(/<(?:script|img|b|iframe)/);
  });

  it.each([
    '[link](javascript:alert(1))',
    '[link](JaVaScRiPt:alert(1))',
    '[link](javascript&colon;alert(1))',
    '[link](vbscript:x)',
    '[link](data:text/html;base64,PHNjcmlwdD4=)',
    '[link](file:///etc/passwd)',
    '![image](javascript:alert(1))',
    '[link]: javascript:alert(1)\n\n[link]',
  ])('has no link for %s', (text) => {
    expect(renderMarkdown(text).html).not.toMatch(/(?:href|src)="(?:javascript|vbscript|data|file)/i);
  });

  it('keeps quotes within attributes', () => {
    expect(renderMarkdown('[a](/x "\\" onclick=alert(1) ")').html).not.toMatch(/" onclick/);
    expect(renderMarkdown('![" onerror="alert(1)](/x)').html).toContain('alt="&quot; onerror=&quot;alert(1)"');
  });
});

describe('headings', () => {
  it('are listed with unique anchors that the page has', () => {
    const { html, headings } = renderMarkdown('# A <b>\n\n## Über *uns*\n\n## Über uns\n\n### !!!');
    expect(headings).toEqual([
      { level: 1, text: 'A <b>', anchor: 'h-a-b' },
      { level: 2, text: 'Über uns', anchor: 'h-über-uns' },
      { level: 2, text: 'Über uns', anchor: 'h-über-uns-2' },
      { level: 3, text: '!!!', anchor: 'h-section' },
    ]);
    for (const { anchor } of headings) expect(html).toContain(`id="${anchor}"`);
  });

  it('make a list of links', () => {
    const { headings } = renderMarkdown('# A <b>\n## C');
    expect(renderToc(headings)).toBe(
      '<ul class="toc">\n<li class="toc-1"><a href="#h-a-b">A &lt;b&gt;</a></li>\n<li class="toc-2"><a href="#h-c">C</a></li>\n</ul>\n',
    );
    expect(renderToc([])).toBe('');
  });

  it('give the title: the first of the first level', () => {
    expect(titleOf('text\n\n## Second\n\n# The *first*\n\n# Other')).toBe('The first');
    expect(titleOf('Title\n=====')).toBe('Title');
    expect(titleOf('## Second')).toBeNull();
    expect(titleOf('```\n# code\n```')).toBeNull();
  });
});
