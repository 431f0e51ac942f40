import { replicaConformance } from '@backside/store/conformance';
import { scratchReplica } from './scratch.js';

replicaConformance('LMDB replica', () => scratchReplica({}));

replicaConformance('LMDB replica that checkpoints all the time and splits nearly every map', () =>
  scratchReplica({ maxChanges: 1, maxPackedCharacters: 12 }),
);
