/**
 * The URLs of the single servers of a URL that lists several, as in `amqps://user:password@one:5671,two:5671/vhost`. They
 * share everything but host and port.
 */
export function serversOf(url: string): string[] {
  const [, start = '', hosts = '', rest = ''] = /^([^:]+:\/\/(?:[^/]*@)?)([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (hosts === '') return [url];
  return hosts.split(',').map((host) => `${start}${host}${rest}`);
}
