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
  view: ['vm', 'planner', 'host', 'registry', 'config', 'qdev', 'diag'],
  cli: ['view', 'vm', 'planner', 'launcher', 'host', 'registry', 'config', 'qdev', 'qmp', 'base', 'diag'],
};

/** The only files that may touch files, sockets and processes. */
const IO_FILES = [
  'src/base/descriptor.ts',
  'src/base/inherited-descriptors.ts',
  'src/base/named-place.ts',
  'src/base/open-files.ts',
  'src/base/own-folder.ts',
  'src/base/process-identity.ts',
  'src/base/read-file.ts',
  'src/base/socket-peer.ts',
  'src/base/standard-input.ts',
  'src/base/start-program.ts',
  'src/base/unix-socket.ts',
  'src/base/write-file.ts',
  'src/cli/handlers/shared/write-picture.ts',
  'src/cli/output/output.ts',
  'src/config/file-change.ts',
  'src/config/file-lock.ts',
  'src/config/policy/load-policy.ts',
  'src/host/file/read-host-file.ts',
  'src/host/guards/real-host-files.ts',
  'src/host/names/usb-ids.ts',
  'src/host/node-rights.ts',
  'src/host/sysfs/drivers.ts',
  'src/host/sysfs/real-sysfs.ts',
  'src/launcher/preflight/ask-qemu.ts',
  'src/launcher/preflight/find-program.ts',
  'src/launcher/preflight/preflight.ts',
  'src/launcher/process/hand-over.ts',
  'src/launcher/process/process.ts',
  'src/launcher/process/qemu-log.ts',
  'src/launcher/process/run-as.ts',
  'src/qmp/socket-transport.ts',
  'src/registry/clear-away.ts',
  'src/registry/journal.ts',
  'src/registry/snapshot-store.ts',
  'src/registry/store.ts',
  'src/registry/vm-registry.ts',
  'src/vm/doctor.ts',
  'src/vm/open-vm.ts',
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
      comment:
        'Another layer is entered through its index.ts only: what stands behind it may change without notice. The rooms of view have a door each: a command loads those that it shows something with.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/', pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$', '^src/view/[^/]+/index\\.ts$'] },
    },
    {
      name: 'pure-core',
      comment: 'diag, qdev and planner run in a browser: no Node module, and no package that is not plain computation.',
      severity: 'error',
      from: { path: '^src/(diag|qdev|planner)/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'fastest-levenshtein' },
    },
    {
      name: 'view-shows-only',
      comment:
        'view serves a terminal and a page alike: what it is given goes in, text and data go out, and Node is not asked for anything.',
      severity: 'error',
      from: { path: '^src/view/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'io-in-few-files',
      comment:
        'Files, sockets and processes are touched in the files of IO_FILES only; everything else can be tested without them.',
      severity: 'error',
      from: { path: '^src/', pathNot: IO_FILES.map((file) => `^${file.replaceAll('.', '\\.')}$`) },
      to: { path: '^(node:)?(fs|fs/promises|net|http|tls|dgram|child_process|worker_threads)$' },
    },
    {
      name: 'programs-in-one-file',
      comment:
        'Programs are started by src/base/start-program.ts alone, which sees that they get no descriptor that they are not given. Its types may be named elsewhere.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/base/start-program\\.ts$' },
      to: { path: '^(node:)?child_process$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'yargs-in-one-file',
      comment: 'The command line library is known to src/cli/parse/parser.ts alone, so that it can be changed there.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/parse/parser\\.ts$' },
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
      to: { path: '^src/', pathNot: ['\\.d\\.ts$', '^src/(cli/main|index)\\.ts$'], reachable: false },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
