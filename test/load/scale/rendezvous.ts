/** A node, and how much of the load it is to carry in proportion to the others. */
export interface PlacedNode {
  readonly name: string;
  readonly weight: number;
}

/**
 * The nodes that serve `database`, best first: each node draws a number from its own and the database's name, and the highest win. A node
 * that comes or goes moves only what it gains or had; who knows the list of nodes knows every placement, without asking anybody.
 */
export function place(database: string, nodes: readonly PlacedNode[], count: number): PlacedNode[] {
  return nodes
    .map((node) => ({ node, score: scoreOf(database, node) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, count)
    .map(({ node }) => node);
}

/** Exponentially distributed with the node's weight, so that it wins in proportion to it. */
function scoreOf(database: string, { name, weight }: PlacedNode): number {
  const uniform = (hash(`${name}\0${database}`) + 0.5) / 2 ** 32;
  return weight / -Math.log(uniform);
}

/** FNV-1a with a final mix, since names that differ in one digit must not fall close together. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
