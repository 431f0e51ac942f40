/** The layer table of packages/README.md, enforced: imports go strictly down, never sideways. */
const layers = {
  tree: [],
  stomp: [],
  protocol: ['tree'],
  security: ['tree'],
  auth: ['protocol', 'tree'],
  store: ['protocol', 'tree'],
  notifier: ['protocol', 'tree'],
  'journal-(?!postgres/)[^/]+': ['store', 'protocol', 'tree'],
  'journal-postgres': ['notifier', 'store', 'protocol', 'tree'],
  'replica-[^/]+': ['store', 'protocol', 'tree'],
  'notifier-[^/]+': ['notifier', 'protocol', 'tree'],
  api: ['notifier', 'store', 'auth', 'security', 'protocol', 'tree', 'stomp'],
  rest: ['api', 'notifier', 'store', 'auth', 'security', 'protocol', 'tree'],
  proxy: ['api', 'notifier', 'store', 'auth', 'security', 'protocol', 'tree', 'stomp'],
};

const allowedImports = Object.entries(layers).map(([name, below]) => ({
  name: `layer-${name.replace(/[^a-z-]/g, '')}`,
  comment: `packages/${name} may import only: ${below.join(', ') || 'nothing of the workspace'}`,
  severity: 'error',
  from: { path: `^packages/(${name})/src/`, pathNot: '\\.(test|bench)\\.ts$' },
  to: { path: '^packages/[^/]+/', pathNot: [`^packages/$1/`, ...below.map((lower) => `^packages/${lower}/`)] },
}));

/** A vendor library appears in one package; as a client of its own server, the command line may speak websocket as well. */
const vendors = {
  lmdb: 'replica-lmdb',
  ws: '(proxy|backside)',
  pino: 'backside',
  'prom-client': 'proxy',
  valibot: 'backside',
  bcrypt: 'auth',
  jose: 'auth',
  nodemailer: 'auth',
  'openid-client': 'auth',
  otpauth: 'auth',
  '@simplewebauthn/server': 'auth',
  express: 'rest',
  mongodb: 'journal-mongodb',
  pg: 'journal-postgres',
  amqplib: 'notifier-amqp',
  ioredis: 'notifier-redis',
  '@nats-io/[^/]+': 'notifier-nats',
};

module.exports = {
  forbidden: [
    ...allowedImports,
    ...Object.entries(vendors).map(([library, home]) => ({
      name: `vendor-${library}`,
      severity: 'error',
      from: { path: '^packages/', pathNot: [`^packages/${home}/`, '\\.(test|bench)\\.ts$'] },
      to: { path: `^node_modules/${library}/` },
    })),
    {
      name: 'no-cycle',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-own-index',
      comment: 'a package never imports its own index.ts',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/', pathNot: '\\.(test|bench)\\.ts$' },
      to: { path: '^packages/$1/src/index\\.ts$' },
    },
    {
      name: 'browser-safe',
      comment: 'tree, stomp and protocol run in browsers',
      severity: 'error',
      from: { path: '^packages/(tree|stomp|protocol)/src/', pathNot: '\\.(test|bench)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'layer-sdk',
      comment: 'the SDK may import only: tree, stomp, protocol',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: '(\\.(test|bench)\\.tsx?$|/testing/)' },
      to: { path: '^packages/', pathNot: '^packages/(tree|stomp|protocol)/' },
    },
    {
      name: 'browser-safe-sdk',
      comment: 'only sdk/node may use what Node has',
      severity: 'error',
      from: { path: '^sdk/src/', pathNot: '(\\.(test|bench)\\.tsx?$|/testing/|^sdk/src/node/)' },
      to: { dependencyTypes: ['core'] },
    },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['source', 'import', 'node', 'default'] },
  },
};
