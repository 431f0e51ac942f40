/**
 * Whether a node of a Cluster is in touch with most masters, from what CLUSTER NODES prints there. One that is not keeps taking what is
 * published, and it reaches nobody. That some slots are not served is no matter: nothing is stored.
 */
export function isAmongMost(clusterNodes: string): boolean {
  const masters = clusterNodes
    .split('\n')
    .map((line) => line.trim().split(' '))
    .map(([, , flags = '', , , , , linkState]) => ({ flags: flags.split(','), linkState }))
    .filter(({ flags }) => flags.includes('master') && !flags.includes('handshake') && !flags.includes('noaddr'));
  const inTouch = masters.filter(({ flags, linkState }) => {
    const isSuspect = flags.includes('fail') || flags.includes('fail?');
    return flags.includes('myself') || (linkState === 'connected' && !isSuspect);
  });
  return inTouch.length * 2 > masters.length || masters.length === 0;
}
