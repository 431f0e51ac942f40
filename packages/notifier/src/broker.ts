export type {
  BrokerLink,
  LinkEvents,
  LinkRequest,
  LinkTiming,
  OpenLink,
} from './broker-link.js';
export {
  type BrokerNotifierOptions,
  type BrokerOptions,
  type BrokerTls,
  createBrokerNotifier,
  DEFAULT_PREFIX,
} from './broker-notifier.js';
export { type BrokerFacts, type ProbeOptions, probeBroker } from './probe-broker.js';
export { redactUrl, withoutSecrets } from './redaction.js';
export { wordOf } from './topics.js';
