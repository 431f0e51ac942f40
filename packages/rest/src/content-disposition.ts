/** The `filename` parameters of `Content-Disposition`: the whole name for those who know RFC 6266, what is left of it in ASCII for the others. */
export function fileNameParameters(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_').slice(0, 200);
  const whole = encodeURIComponent(Buffer.from(name).toString()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  return `filename="${ascii}"; filename*=UTF-8''${whole}`;
}
