/**
 * Who may import whom. The layers, from the bottom up; each may import those before it and never its siblings.
 * docs/architecture.md draws the same picture.
 */
const BELOW = {
  diag: [],
  base: ['diag'],
  qmp: ['base', 'diag'],
  qdev: ['diag'],
  planner: ['qdev', 'diag'],
  config: ['qdev', 'base', 'diag'],
  host: ['qdev', 'base', 'diag'],
  registry: ['qdev', 'base', 'diag'],
  launcher: ['config', 'qdev', 'base', 'diag'],
  vm: ['planner', 'launcher', 'host', 'registry', 'config', 'qdev', 'qmp', 'base', 'diag'],
  cli: ['vm', 'planner', 'launcher', 'host', 'registry', 'config', 'qdev', 'qmp', 'base', 'diag'],
};

/** The only files that may touch the outside world: files, sockets, processes, the terminal. */
const IO_FILES = [
  'src/qmp/socket-transport.ts',
  'src/host/sysfs-reader.ts',
];

const layers = Object.entries(BELOW).map(([layer, below]) => ({
  name: `layer-${layer}`,
  comment:
    below.length === 0
      ? `src/${layer} is the ground: it imports no other layer.`
      : `src/${layer} may import ${below.join(', ')} and nothing else of ours: a layer knows only what is below it.`,
  severity: 'error',
  from: { path: `^src/${layer}/` },
  to: { path: '^src/', pathNot: `^src/(${[layer, ...below].join('|')})/` },
}));

export default {
  forbidden: [
    ...layers,
    {
      name: 'through-the-door',
      comment: "Another layer is entered through its index.ts only: what stands behind it may change without notice.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'pure-core',
      comment: 'diag, qdev and planner run in a browser: no Node module, and no package that is not plain computation.',
      severity: 'error',
      from: { path: '^src/(diag|qdev|planner)/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'fastest-levenshtein' },
    },
    {
      name: 'yargs-in-one-file',
      comment: 'The command line library is known to src/cli/parser.ts alone, so that it can be changed there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/parser\\.ts$' },
      to: { path: 'node_modules/(@types/)?yargs' },
    },
    {
      name: 'no-circle',
      comment: 'Two files that import each other are one file or need a third.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'no-tests-in-source',
      comment: 'What ships does not import tests, scripts or development packages (types and bundled ones excepted).',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'not-unreachable',
      comment: 'A module that neither the command line nor the library reaches is dead: delete it.',
      severity: 'error',
      from: { path: '^src/(cli/main|index|qmp/index|planner/index)\\.ts$' },
      to: { path: '^src/', reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
