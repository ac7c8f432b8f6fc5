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
  processes: ['base', 'diag'],
  access: ['processes', 'host', 'registry', 'config', 'qdev', 'base', 'diag'],
  vm: ['access', 'planner', 'launcher', 'processes', 'host', 'registry', 'config', 'qdev', 'qmp', 'base', 'diag'],
  agent: ['vm', 'access', 'processes', 'host', 'registry', 'config', 'qdev', 'base', 'diag'],
  service: ['base', 'diag'],
  view: ['vm', 'access', 'planner', 'processes', 'host', 'registry', 'config', 'qdev', 'diag'],
  cli: [
    'view',
    'agent',
    'service',
    'vm',
    'access',
    'planner',
    'launcher',
    'processes',
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
 * The rooms of a layer, and what of their own layer they may import: other rooms, and files that stand beside them (`plan.ts`). A file
 * that no list names may import all of them: the files beside the rooms join the rooms, and an index only re-exports.
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
      'An entry holds only the words of a finding; catalog.ts lists the entries.',
    ],
  },
  'diag/catalog': Object.fromEntries(
    ['host', 'placing', 'program', 'qemu', 'vm', 'vm-file'].map((topic) => [
      topic,
      [
        ['device-choice.ts', 'untrusted-path.ts', 'words.ts'],
        'No topic uses the words of another; words that several topics use are in files beside them.',
      ],
    ]),
  ),
  qmp: {
    protocol: [['generated'], 'Tests try the protocol without a socket and without time.'],
    events: [
      ['generated', 'protocol', 'address.ts', 'errors.ts'],
      'A reader of events does not know which connection they came from.',
    ],
    connection: [
      ['protocol', 'events', 'address.ts', 'commands.ts', 'errors.ts'],
      'A connection carries out what the session says.',
    ],
    share: [['protocol'], 'Tests try which client gets which answer without a socket and without time.'],
    serve: [
      ['protocol', 'events', 'connection', 'share', 'errors.ts'],
      'A server carries out what the hub says; no client connection knows that it is shared.',
    ],
  },
  qdev: {
    speeds: [['speed.ts', 'version.ts', 'version-facts.ts'], 'A speed follows from descriptors; it needs no USB tree.'],
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
      'The search knows ports and demands, and no words: tests compare it with other searches.',
    ],
    fixes: [['plan.ts', 'request.ts'], 'A change is data. The planner, a parameter, says whether the change helps.'],
    report: [['solve', 'fixes', 'plan.ts', 'request.ts'], 'A report describes a solution; it does not plan again.'],
    questions: [
      ['solve', 'fixes', 'report', 'planner.ts', 'plan.ts', 'request.ts'],
      'A question may call the planner many times, so the planner must not depend on questions.',
    ],
    'planner.ts': [
      ['solve', 'report', 'plan.ts', 'request.ts'],
      'The planner makes one plan; other code compares plans.',
    ],
  },
  host: {
    'usb-device.ts': [[], 'The type of a device does not depend on the source that it was read from.'],
    names: [['usb-device.ts'], 'A name describes a device that was read before.'],
    descriptors: [['usb-device.ts'], 'The decoder is the same for sysfs and for files.'],
    sysfs: [['names', 'descriptors', 'usb-device.ts'], 'The reader reads the same, whichever device a user looks for.'],
    selectors: [['names', 'usb-device.ts'], 'A selector matches devices of any inventory, from sysfs or from a file.'],
    guards: [['usb-device.ts'], 'Guards check any device; commands load them only when they need them.'],
    file: [
      ['names', 'sysfs', 'usb-device.ts'],
      'A reader of files gives the same as the reader of sysfs; it selects and guards nothing.',
    ],
  },
  'host/file': {
    text: [['text-line.ts', 'file-findings.ts'], 'This room cleans lines before the kind of the file is known.'],
    listing: [
      ['controller-name.ts', 'described-device.ts', 'file-findings.ts', 'text-line.ts', 'parse-speed.ts'],
      'Each kind of file has its own reader; files beside the rooms hold what readers share.',
    ],
    lsusb: [
      ['controller-name.ts', 'described-device.ts', 'file-findings.ts', 'text-line.ts', 'parse-speed.ts'],
      'Each kind of file has its own reader; files beside the rooms hold what readers share.',
    ],
    recording: [
      ['file-findings.ts', 'text-line.ts'],
      'A recording becomes a reader of sysfs, and the code for sysfs decodes it.',
    ],
  },
  launcher: {
    'command-line': [[], 'A command line depends only on the VM file, so `qplug argv` can print it without a start.'],
    checks: [['command-line'], 'These checks of a file start no program.'],
    process: [[], 'A start needs only the words of a command line, whatever made them.'],
    preflight: [
      ['checks', 'command-line', 'process', 'runtime-paths.ts'],
      'Preflight checks everything that a start needs, and starts no VM.',
    ],
  },
  registry: {
    sqlite: [[], 'A library knows files and SQL; it knows no table and no message.'],
    claims: [['sqlite', 'store.ts'], 'These tables are in one database, which a reboot deletes.'],
    vms: [
      ['record-text.ts', 'vm-name.ts', 'write-durably.ts'],
      'These records end with a process, so no lasting record may be among them.',
    ],
    state: [
      ['record-text.ts', 'vm-name.ts', 'write-durably.ts'],
      'These records survive a reboot, so they depend on no process.',
    ],
    journal: [['vms', 'write-durably.ts'], 'A journal stores steps as data, and performs none.'],
  },
  'vm/operations': {
    plug: [[], 'Other operations plug devices with these, so these depend on none of them.'],
    life: [['plug'], 'A resumed VM gets its devices back; these operations need nothing else from others.'],
    migration: [['life'], 'A guest that has left leaves an empty QEMU, which a migration ends.'],
    snapshots: [['plug'], 'A restore attaches devices again.'],
    look: [[], 'These operations change nothing, so they use no operation that does.'],
    names: [[], 'These operations write records, and change no VM.'],
  },
  vm: {
    target: [['operation.ts'], 'qplug finds the VM before it reads anything from it.'],
    observe: [['target', 'operation.ts'], 'A reading of the VM does not depend on what a command wants.'],
    steps: [['observe', 'operation.ts'], 'A step does one thing; plans and operations choose the steps.'],
    plan: [
      ['target', 'observe', 'steps', 'operation.ts'],
      'A plan changes nothing: from here no code can start a transaction.',
    ],
    transaction: [
      ['target', 'observe', 'steps', 'operation.ts'],
      'A transaction performs steps of any plan, and knows no command.',
    ],
    'file-edit': [['target', 'plan'], 'This room edits a file as text; it needs no running VM.'],
    operations: [
      ['target', 'observe', 'steps', 'plan', 'transaction', 'file-edit', 'operation.ts'],
      'An operation combines the other rooms; none of them depends on it.',
    ],
  },
  agent: {
    wish: [[], 'A wish stands whether or not its VM or device is there.'],
    decide: [['wish'], 'A decision is a pure function of one sight: it can be tried for each order of events.'],
    look: [['wish', 'decide'], 'A look reads, and makes no decision.'],
    act: [['wish', 'decide'], 'This room does the work that `decide` chose, and chooses nothing itself.'],
    watch: [[], 'An event is only a reason to look; nothing uses its content.'],
    shares: [['decide'], 'A share belongs to a VM and its monitor, whatever devices the VM has.'],
    events: [['decide', 'shares'], 'Events are derived from two looks, whatever caused the difference.'],
    api: [[], 'The server knows the agent only through an interface, so tests can use another one.'],
  },
  processes: {
    arguments: [['monitor.ts'], 'The meaning of a command line depends on its text alone.'],
    running: [
      ['arguments', 'monitor.ts', 'qemu-process.ts'],
      'A process is what the kernel says, whatever a container engine calls it.',
    ],
    containers: [
      ['running', 'qemu-process.ts'],
      'An engine names a container; the kernel says which processes are in it.',
    ],
    network: [['running', 'qemu-process.ts'], 'A connection is found by its two ends, whatever runs over it.'],
  },
  service: {
    units: [[], 'The text of a unit depends on nothing but the program that it starts.'],
    files: [['units'], 'This room writes the texts of units, and makes none.'],
    manager: [[], 'A process tells its service manager the same, whoever wrote the unit.'],
  },
  view: {
    text: [[], 'The width of a text depends on the text alone; every command loads this.'],
    tree: [['text'], 'A tree is data: both text and picture are made from it.'],
    documents: [[], 'A document holds data, and nothing about its appearance.'],
    picture: [['tree', 'text'], 'A picture is made from the same tree as the text.'],
  },
  cli: {
    'terminal.ts': [[], 'A terminal exists before a command line is read.'],
    'command.ts': [['terminal.ts'], 'The type of a command does not depend on the list of commands.'],
    parse: [['command.ts'], 'The parser compares words with declarations, its parameter; it loads and runs nothing.'],
    commands: [
      ['handlers', 'command.ts', 'timeouts.ts'],
      'A declaration is data; it names the handler, which is loaded when the command runs.',
    ],
    render: [['terminal.ts'], 'Text is made from a report; it does not depend on the command line.'],
    output: [
      ['render', 'exit-codes.ts', 'terminal.ts'],
      'Output takes finished text; it knows no command and no option.',
    ],
    serve: [
      ['parse', 'command.ts', 'terminal.ts'],
      'A server of commands gets them and what runs them as parameters, so tests can offer others.',
    ],
    handlers: [
      [
        ...['output', 'render', 'serve', 'command.ts', 'exit-codes.ts', 'progress.ts'],
        ...['terminal.ts', 'timeouts.ts'],
      ],
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
  'src/agent/act/hold-mark.ts',
  'src/agent/api/agent-client.ts',
  'src/agent/api/agent-server.ts',
  'src/agent/watch/folder-watch.ts',
  'src/base/descriptor.ts',
  'src/base/file-kind.ts',
  'src/base/find-program.ts',
  'src/base/inherited-descriptors.ts',
  'src/base/named-place.ts',
  'src/base/open-files.ts',
  'src/base/namespace.ts',
  'src/base/own-folder.ts',
  'src/base/path-in-root.ts',
  'src/base/path-walk.ts',
  'src/base/process-identity.ts',
  'src/base/process-lock.ts',
  'src/base/read-file.ts',
  'src/base/service-manager.ts',
  'src/base/socket-peer.ts',
  'src/base/standard-input.ts',
  'src/base/socket-place.ts',
  'src/base/start-program.ts',
  'src/base/unix-socket.ts',
  'src/base/working-folder.ts',
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
  'src/processes/containers/find-container.ts',
  'src/processes/running/read-processes.ts',
  'src/processes/network/connect-in-network.ts',
  'src/processes/network/has-threads.ts',
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
  'src/service/files/unit-files.ts',
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
