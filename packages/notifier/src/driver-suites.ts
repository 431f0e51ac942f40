export { type BareClient, type DriverBenchParts, driverBench } from './driver-bench.js';
export { type DriverParts, driverConformance } from './driver-conformance.js';
