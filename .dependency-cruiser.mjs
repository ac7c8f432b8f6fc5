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
  access: ['host', 'registry', 'config', 'qdev', 'base', 'diag'],
  vm: ['access', 'planner', 'launcher', 'host', 'registry', 'config', 'qdev', 'qmp', 'base', 'diag'],
  agent: ['vm', 'access', 'host', 'registry', 'config', 'qdev', 'base', 'diag'],
  view: ['vm', 'access', 'planner', 'host', 'registry', 'config', 'qdev', 'diag'],
  cli: [
    'view',
    'agent',
    'vm',
    'access',
    'planner',
    'launcher',
    'host',
    'registry',
    'config',
    'qdev',
    'qmp',
    'base',
    'diag',
  ],
};

/** The commands lie in a folder for each heading of the help. */
function groups(why) {
  return Object.fromEntries(['look', 'run', 'plug', 'mend'].map((heading) => [heading, [['shared'], why]]));
}

/**
 * The rooms of a layer, and what of their own layer they may import: other rooms, and files that stand beside them (`plan.ts`). What stands
 * in no list here is free: the files beside the rooms join them, and an index only names what is in it.
 */
const ROOMS = {
  diag: {
    catalog: [
      [
        'finding.ts',
        'fix.ts',
        'guard.ts',
        'guard-words.ts',
        'planner-fix.ts',
        'printable.ts',
        'shell-word.ts',
        'yaml-text.ts',
      ],
      'An entry holds words alone; catalog.ts decides which entries there are.',
    ],
  },
  'diag/catalog': Object.fromEntries(
    ['host', 'placing', 'program', 'qemu', 'vm', 'vm-file'].map((topic) => [
      topic,
      [
        ['device-choice.ts', 'untrusted-path.ts', 'words.ts'],
        'Each topic has words of its own; words that topics share stand beside them.',
      ],
    ]),
  ),
  qmp: {
    protocol: [['generated'], 'The protocol is tried without a socket and without time.'],
    events: [
      ['generated', 'protocol', 'address.ts', 'errors.ts'],
      'A reader of events does not know which connection they came from.',
    ],
    connection: [
      ['protocol', 'events', 'address.ts', 'commands.ts', 'errors.ts'],
      'A connection carries out what the session says.',
    ],
    share: [['protocol'], 'Who gets which answer is tried without a socket and without time.'],
    serve: [
      ['protocol', 'events', 'connection', 'share', 'errors.ts'],
      'A server carries out what the hub says; no client connection knows that it is shared.',
    ],
  },
  qdev: {
    speeds: [
      ['speed.ts', 'version.ts', 'version-facts.ts'],
      'A speed comes from descriptors, and no tree is needed for it.',
    ],
    models: [
      ['speed.ts', 'topology.ts', 'device-spec.ts'],
      'The facts about one model of QEMU do not depend on a tree that has it.',
    ],
    predict: [
      ['models', 'device-spec.ts', 'port-path.ts', 'speed.ts', 'topology.ts', 'topology-query.ts', 'version.ts'],
      'A prediction uses facts alone: the oracle then compares it with an observation.',
    ],
    observe: [
      ['models', 'port-path.ts', 'speed.ts', 'topology.ts', 'version.ts'],
      'An observation uses what QEMU answers; it never fills a gap with a prediction.',
    ],
  },
  config: {
    edit: [
      ['load.ts', 'parse.ts', 'source.ts', 'vm-file.ts'],
      'An edit changes text, and parses the result to compare it; it decides nothing about devices.',
    ],
    policy: [
      ['generated', 'schema-findings.ts', 'source.ts', 'vm-file.ts'],
      'A policy is a file of its own: it depends on the reader of YAML and on no VM file.',
    ],
  },
  planner: {
    solve: [
      ['plan.ts', 'request.ts'],
      'The search knows ports and demands, and no words: it can be tried against any other search.',
    ],
    fixes: [['plan.ts', 'request.ts'], 'A change is data; whether it helps, the planner says, which is handed in.'],
    report: [
      ['solve', 'fixes', 'plan.ts', 'request.ts'],
      'A report is made of what was solved; it does not plan again.',
    ],
    questions: [
      ['solve', 'fixes', 'report', 'planner.ts', 'plan.ts', 'request.ts'],
      'Questions plan as often as they like, so they stand above the planner.',
    ],
    'planner.ts': [
      ['solve', 'report', 'plan.ts', 'request.ts'],
      'The planner makes one plan; who compares several asks it.',
    ],
  },
  host: {
    'usb-device.ts': [[], 'What a device is does not hang on where it was read.'],
    names: [['usb-device.ts'], 'Names are words about a device that is known already.'],
    descriptors: [['usb-device.ts'], 'Bytes are decoded the same way whoever read them.'],
    sysfs: [['names', 'descriptors', 'usb-device.ts'], 'What is read does not hang on what somebody looks for.'],
    selectors: [['names', 'usb-device.ts'], 'A selector is held against an inventory, from sysfs or from a file.'],
    guards: [['usb-device.ts'], 'Guards are read for any device, and loaded only when they are asked for.'],
    file: [
      ['names', 'sysfs', 'usb-device.ts'],
      'A file gives what sysfs gives, by its reader; nobody selects or guards here.',
    ],
  },
  'host/file': {
    text: [
      ['text-line.ts', 'file-findings.ts'],
      'Lines are made plain before anyone knows which kind of file they are of.',
    ],
    listing: [
      ['controller-name.ts', 'described-device.ts', 'file-findings.ts', 'text-line.ts', 'parse-speed.ts'],
      'Each kind of file has a reader of its own; what they share stands beside them.',
    ],
    lsusb: [
      ['controller-name.ts', 'described-device.ts', 'file-findings.ts', 'text-line.ts', 'parse-speed.ts'],
      'Each kind of file has a reader of its own; what they share stands beside them.',
    ],
    recording: [
      ['file-findings.ts', 'text-line.ts'],
      'A recording becomes a reader of sysfs, which decodes it: it describes no devices itself.',
    ],
  },
  launcher: {
    'command-line': [
      [],
      'The words of a command line hang on the file alone, so that they can be shown without a start.',
    ],
    checks: [['command-line'], 'A file is checked without asking any program.'],
    process: [[], 'A process is started from words, whoever made them.'],
    preflight: [
      ['checks', 'command-line', 'process', 'runtime-paths.ts'],
      'Preflight looks at all that a start needs, and starts nothing.',
    ],
  },
  registry: {
    sqlite: [[], 'A library knows files and SQL; it knows no table and no message.'],
    claims: [['sqlite', 'store.ts'], 'The tables of one database, which ends with a reboot.'],
    vms: [['record-text.ts', 'vm-name.ts', 'write-durably.ts'], 'Records of processes, which end with them.'],
    state: [['record-text.ts', 'vm-name.ts', 'write-durably.ts'], 'Records that survive a reboot hang on no process.'],
    journal: [['vms', 'write-durably.ts'], 'A journal holds steps as data, and does none.'],
  },
  'vm/operations': {
    plug: [[], 'Plugging is what other commands are made of.'],
    life: [['plug'], 'A VM that starts, pauses or ends plugs devices.'],
    migration: [['life'], 'A guest that leaves pauses first.'],
    snapshots: [['plug'], 'A restored VM gets its devices back.'],
    look: [[], 'Looking changes nothing.'],
    names: [[], 'A name or an assignment is recorded; no VM is changed.'],
  },
  vm: {
    target: [['operation.ts'], 'Which VM is meant is known before anything is asked of it.'],
    observe: [['target', 'operation.ts'], 'What is so does not hang on what somebody wants.'],
    steps: [['observe', 'operation.ts'], 'A step does one thing; which ones are done is decided above.'],
    plan: [
      ['target', 'observe', 'steps', 'operation.ts'],
      'A plan touches nothing: no transaction can be begun from here.',
    ],
    transaction: [
      ['target', 'observe', 'steps', 'operation.ts'],
      'A transaction carries out steps, whoever planned them, and knows no command.',
    ],
    'file-edit': [['target', 'plan'], 'A file is edited as text; nobody runs a VM for it.'],
    operations: [
      ['target', 'observe', 'steps', 'plan', 'transaction', 'file-edit', 'operation.ts'],
      'An operation puts the others together; none of them knows it.',
    ],
  },
  agent: {
    wish: [[], 'A wish stands whether or not its VM or device is there.'],
    decide: [['wish'], 'A decision is a pure function of one sight: it can be tried for each order of events.'],
    look: [['wish', 'decide'], 'A look reads, and decides nothing.'],
    act: [['wish', 'decide'], 'An act does the work that was decided, and does not decide again.'],
    watch: [[], 'An event is only a reason to look: its content reaches nobody.'],
    events: [['decide'], 'Events are derived from two looks, whatever caused the difference.'],
    api: [[], 'A client speaks to a desk; the agent stands behind it.'],
  },
  view: {
    text: [[], 'How wide a text is hangs on the text alone; every command loads it.'],
    tree: [['text'], 'A tree is data for text and picture alike.'],
    documents: [[], 'A document holds what is so, not how it is shown.'],
    picture: [['tree', 'text'], 'A picture shows the tree that the text shows.'],
  },
  cli: {
    'terminal.ts': [[], 'Where something was typed is known before what was typed.'],
    'command.ts': [['terminal.ts'], 'What a command is does not hang on which there are.'],
    parse: [['command.ts'], 'Words are held against declarations that are handed in; nothing is loaded or done.'],
    commands: [
      ['handlers', 'command.ts', 'timeouts.ts'],
      'A declaration is data, and names the handler that is loaded when it is called.',
    ],
    render: [['terminal.ts'], 'Text is made of a report; what was typed has no say in it.'],
    output: [
      ['render', 'exit-codes.ts', 'terminal.ts'],
      'What is written is finished: no command and no option is known here.',
    ],
    handlers: [
      [...['output', 'render', 'command.ts', 'exit-codes.ts', 'progress.ts'], ...['terminal.ts', 'timeouts.ts']],
      'A handler does one command: it parses no words and knows no other command.',
    ],
  },
  'cli/commands': {
    shared: [[], 'The other declarations share these, so they import none of them.'],
    ...groups('A declaration knows no other command.'),
  },
  'cli/handlers': {
    shared: [[], 'The other handlers share these, so they import none of them.'],
    ...groups('A handler knows no handler of another heading.'),
  },
};

/**
 * Rooms without an index, because a bundle loads all that an index names: qplug starts with little of its command line, and loads the YAML
 * parser when it reads a file. Each topic of the catalog has an index.
 */
const OPEN = /^(cli|config)\/|^diag\/catalog$/;

/** The only files that may touch files, sockets and processes. */
const IO_FILES = [
  'src/agent/api/agent-client.ts',
  'src/agent/api/agent-server.ts',
  'src/agent/watch/folder-watch.ts',
  'src/base/descriptor.ts',
  'src/base/file-kind.ts',
  'src/base/inherited-descriptors.ts',
  'src/base/named-place.ts',
  'src/base/open-files.ts',
  'src/base/own-folder.ts',
  'src/base/process-identity.ts',
  'src/base/process-lock.ts',
  'src/base/read-file.ts',
  'src/base/socket-peer.ts',
  'src/base/standard-input.ts',
  'src/base/socket-place.ts',
  'src/base/start-program.ts',
  'src/base/unix-socket.ts',
  'src/base/write-file.ts',
  'src/cli/handlers/shared/write-picture.ts',
  'src/cli/output/output.ts',
  'src/config/edit/file-change.ts',
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
  'src/qmp/connection/socket-transport.ts',
  'src/qmp/serve/share-server.ts',
  'src/registry/state/assignment-store.ts',
  'src/registry/vms/clear-away.ts',
  'src/registry/journal/journal.ts',
  'src/registry/vms/share-store.ts',
  'src/registry/state/snapshot-store.ts',
  'src/registry/sqlite/shared-connection.ts',
  'src/registry/store.ts',
  'src/registry/vms/vm-registry.ts',
  'src/vm/operations/look/doctor.ts',
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

const literal = (path) => path.replaceAll('.', '\\.');
const within = (name) => (name.endsWith('.ts') ? `${literal(name)}$` : `${name}/`);

const walls = Object.entries(ROOMS).flatMap(([house, rooms]) =>
  Object.entries(rooms).map(([room, [others, why]]) => ({
    name: `wall-${house}/${room}`,
    comment: `${why} Of src/${house} it may import ${others.length === 0 ? 'nothing' : others.join(', ')}.`,
    severity: 'error',
    from: { path: `^src/${house}/${within(room)}` },
    to: { path: `^src/${house}/`, pathNot: `^src/${house}/(${[room, ...others].map(within).join('|')})` },
  })),
);

const doors = Object.entries(ROOMS).flatMap(([house, rooms]) =>
  Object.keys(rooms)
    .map((room) => `${house}/${room}`)
    .filter((room) => !room.endsWith('.ts') && !OPEN.test(room))
    .map((room) => ({
      name: `door-${room}`,
      comment: `src/${room} is entered through its index.ts, which says what comes in and what goes out.`,
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/${room}/` },
      to: { path: `^src/${room}/`, pathNot: `^src/${room}/index\\.ts$` },
    })),
);

export default {
  forbidden: [
    ...layers,
    ...walls,
    ...doors,
    {
      name: 'handlers-when-called',
      comment: 'The handler of a command is loaded when the command is called: nobody else waits for it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/handlers/' },
      to: { path: '^src/cli/handlers/(look|run|plug|mend)/', dynamic: false },
    },
    {
      name: 'not-by-the-own-door',
      comment: 'A layer is entered by its index.ts from outside; what stands inside imports the files that it needs.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/$1/index\\.ts$' },
    },
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
      from: { path: '^src/', pathNot: IO_FILES.map((file) => `^${literal(file)}$`) },
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
