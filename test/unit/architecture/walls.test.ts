import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const top = join(import.meta.dirname, '../../..');

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
}

/** A small source tree that keeps all rules. */
const SOUND: Readonly<Record<string, string>> = {
  'src/diag/index.ts': "export { it } from './catalog.js';\n",
  'src/diag/catalog.ts': "export { it } from './catalog/vm/index.js';\n",
  'src/diag/catalog/vm/index.ts': "export { it } from './claims.js';\n",
  'src/diag/catalog/vm/claims.ts': 'export const it = 1;\n',
  'src/qdev/index.ts': "export { it } from '../diag/index.js';\n",
  'src/planner/index.ts': "export { it } from './questions/index.js';\n",
  'src/planner/questions/index.ts': "export { it } from './explain.js';\n",
  'src/planner/questions/explain.ts': "export { it } from '../planner.js';\n",
  'src/planner/planner.ts': "export { it } from './solve/index.js';\n",
  'src/planner/solve/index.ts': "export { it } from '../../qdev/index.js';\n",
  'src/host/index.ts': "export { it } from './sysfs/index.js';\n",
  'src/host/sysfs/index.ts': "export { readFileSync as it } from './real-sysfs.js';\n",
  'src/host/sysfs/real-sysfs.ts': "export { readFileSync } from 'node:fs';\n",
  'src/qmp/index.ts': "export { it } from '../diag/index.js';\n",
  'src/vm/index.ts':
    "import '../planner/index.js';\nimport '../qmp/index.js';\nexport { it } from '../host/index.js';\n",
  'src/view/text/index.ts': 'export const it = 1;\n',
  'src/index.ts': "export * from './vm/index.js';\n",
  'src/cli/main.ts': "import { it } from './commands/index.js';\nvoid it;\n",
  'src/cli/commands/index.ts': "export const it = () => import('../handlers/plug/attach.js');\n",
  'src/cli/handlers/plug/attach.ts':
    "import '../../../view/text/index.js';\nexport { it } from '../../../vm/index.js';\n",
};

/** For each rule a fault: a file of src, or a folder in which one is made, and what it imports: a file of src or a package. */
const FAULTS: Readonly<Record<string, readonly [from: string, imports: string, when?: 'later']>> = {
  // a layer that imports one above it, or its sibling
  'layer-diag': ['diag', 'base/index.ts'],
  'layer-base': ['base', 'qmp/index.ts'],
  'layer-qmp': ['qmp', 'qdev/index.ts'],
  'layer-qdev': ['qdev', 'base/index.ts'],
  'layer-planner': ['planner', 'config/index.ts'],
  'layer-config': ['config', 'host/index.ts'],
  'layer-host': ['host', 'planner/index.ts'],
  'layer-registry': ['registry', 'host/index.ts'],
  'layer-launcher': ['launcher', 'host/index.ts'],
  'layer-processes': ['processes', 'host/index.ts'],
  'layer-access': ['access', 'launcher/index.ts'],
  'layer-vm': ['vm', 'view/text/index.ts'],
  'layer-agent': ['agent', 'view/text/index.ts'],
  'layer-service': ['service', 'registry/index.ts'],
  'layer-view': ['view', 'launcher/index.ts'],
  'layer-cli': ['cli', 'server/index.ts'],

  // a room that imports what stands above it, or beside it
  'wall-diag/catalog': ['diag/catalog', 'diag/catalog.ts'],
  'wall-diag/catalog/host': ['diag/catalog/host', 'diag/catalog/vm/index.ts'],
  'wall-diag/catalog/placing': ['diag/catalog/placing', 'diag/catalog/host/index.ts'],
  'wall-diag/catalog/program': ['diag/catalog/program', 'diag/catalog/host/index.ts'],
  'wall-diag/catalog/qemu': ['diag/catalog/qemu', 'diag/catalog/program/index.ts'],
  'wall-diag/catalog/vm': ['diag/catalog/vm', 'diag/catalog/host/index.ts'],
  'wall-diag/catalog/vm-file': ['diag/catalog/vm-file', 'diag/catalog/vm/index.ts'],
  'wall-qmp/protocol': ['qmp/protocol', 'qmp/errors.ts'],
  'wall-qmp/events': ['qmp/events', 'qmp/connection/index.ts'],
  'wall-qmp/connection': ['qmp/connection', 'qmp/connection-pool.ts'],
  'wall-qmp/share': ['qmp/share', 'qmp/connection/index.ts'],
  'wall-qmp/serve': ['qmp/serve', 'qmp/qmp-pool.ts'],
  'wall-qdev/speeds': ['qdev/speeds', 'qdev/models/index.ts'],
  'wall-qdev/models': ['qdev/models', 'qdev/topology-query.ts'],
  'wall-qdev/predict': ['qdev/predict', 'qdev/observe/index.ts'],
  'wall-qdev/observe': ['qdev/observe', 'qdev/predict/index.ts'],
  'wall-config/edit': ['config/edit', 'config/policy/policy.ts'],
  'wall-config/policy': ['config/policy', 'config/parse.ts'],
  'wall-planner/solve': ['planner/solve', 'planner/report/index.ts'],
  'wall-planner/fixes': ['planner/fixes', 'planner/planner.ts'],
  'wall-planner/report': ['planner/report', 'planner/planner.ts'],
  'wall-planner/questions': ['planner/questions', 'planner/planner-options.ts'],
  'wall-planner/planner.ts': ['planner/planner.ts', 'planner/fixes/index.ts'],
  'wall-host/usb-device.ts': ['host/usb-device.ts', 'host/names/index.ts'],
  'wall-host/names': ['host/names', 'host/sysfs/index.ts'],
  'wall-host/descriptors': ['host/descriptors', 'host/sysfs/index.ts'],
  'wall-host/sysfs': ['host/sysfs', 'host/selectors/index.ts'],
  'wall-host/selectors': ['host/selectors', 'host/sysfs/index.ts'],
  'wall-host/guards': ['host/guards', 'host/sysfs/index.ts'],
  'wall-host/file': ['host/file', 'host/selectors/index.ts'],
  'wall-host/file/text': ['host/file/text', 'host/file/listing/index.ts'],
  'wall-host/file/listing': ['host/file/listing', 'host/file/lsusb/index.ts'],
  'wall-host/file/lsusb': ['host/file/lsusb', 'host/file/listing/index.ts'],
  'wall-host/file/recording': ['host/file/recording', 'host/file/described-device.ts'],
  'wall-registry/sqlite': ['registry/sqlite', 'registry/store.ts'],
  'wall-launcher/command-line': ['launcher/command-line', 'launcher/checks/index.ts'],
  'wall-launcher/checks': ['launcher/checks', 'launcher/preflight/index.ts'],
  'wall-launcher/process': ['launcher/process', 'launcher/command-line/index.ts'],
  'wall-launcher/preflight': ['launcher/preflight', 'launcher/restart.ts'],
  'wall-processes/containers': ['processes/containers', 'processes/network/index.ts'],
  'wall-processes/network': ['processes/network', 'processes/containers/index.ts'],
  'wall-vm/target': ['vm/target', 'vm/observe/index.ts'],
  'wall-vm/observe': ['vm/observe', 'vm/steps/index.ts'],
  'wall-vm/steps': ['vm/steps', 'vm/transaction/index.ts'],
  'wall-vm/plan': ['vm/plan', 'vm/transaction/index.ts'],
  'wall-vm/transaction': ['vm/transaction', 'vm/plan/index.ts'],
  'wall-vm/file-edit': ['vm/file-edit', 'vm/transaction/index.ts'],
  'wall-vm/operations/plug': ['vm/operations/plug', 'vm/operations/life/index.ts'],
  'wall-vm/operations/life': ['vm/operations/life', 'vm/operations/migration/index.ts'],
  'wall-vm/operations/migration': ['vm/operations/migration', 'vm/operations/plug/index.ts'],
  'wall-vm/operations/snapshots': ['vm/operations/snapshots', 'vm/operations/life/index.ts'],
  'wall-vm/operations/look': ['vm/operations/look', 'vm/operations/plug/index.ts'],
  'wall-vm/operations/names': ['vm/operations/names', 'vm/operations/plug/index.ts'],
  'wall-registry/claims': ['registry/claims', 'registry/vms/index.ts'],
  'wall-registry/vms': ['registry/vms', 'registry/state/index.ts'],
  'wall-registry/state': ['registry/state', 'registry/vms/index.ts'],
  'wall-registry/journal': ['registry/journal', 'registry/state/index.ts'],
  'wall-vm/operations': ['vm/operations', 'vm/report.ts'],
  'wall-agent/wish': ['agent/wish', 'agent/decide/index.ts'],
  'wall-agent/decide': ['agent/decide', 'agent/look/index.ts'],
  'wall-agent/look': ['agent/look', 'agent/act/index.ts'],
  'wall-agent/act': ['agent/act', 'agent/look/index.ts'],
  'wall-agent/watch': ['agent/watch', 'agent/decide/index.ts'],
  'wall-agent/shares': ['agent/shares', 'agent/look/index.ts'],
  'wall-agent/events': ['agent/events', 'agent/look/index.ts'],
  'wall-agent/api': ['agent/api', 'agent/events/index.ts'],
  'wall-processes/arguments': ['processes/arguments', 'processes/running/index.ts'],
  'wall-processes/running': ['processes/running', 'processes/containers/index.ts'],
  'wall-service/units': ['service/units', 'service/files/index.ts'],
  'wall-service/files': ['service/files', 'service/manager/index.ts'],
  'wall-service/manager': ['service/manager', 'service/units/index.ts'],
  'wall-view/text': ['view/text', 'view/tree/index.ts'],
  'wall-view/tree': ['view/tree', 'view/picture/index.ts'],
  'wall-view/documents': ['view/documents', 'view/text/index.ts'],
  'wall-view/picture': ['view/picture', 'view/documents/index.ts'],
  'wall-cli/terminal.ts': ['cli/terminal.ts', 'cli/command.ts'],
  'wall-cli/command.ts': ['cli/command.ts', 'cli/commands/index.ts'],
  'wall-cli/parse': ['cli/parse', 'cli/commands/index.ts'],
  'wall-cli/commands': ['cli/commands', 'cli/render/table.ts'],
  'wall-cli/commands/look': ['cli/commands/look', 'cli/commands/run/run.ts'],
  'wall-cli/commands/run': ['cli/commands/run', 'cli/commands/look/list.ts'],
  'wall-cli/commands/plug': ['cli/commands/plug', 'cli/commands/look/list.ts'],
  'wall-cli/commands/mend': ['cli/commands/mend', 'cli/commands/look/list.ts'],
  'wall-cli/commands/shared': ['cli/commands/shared', 'cli/commands/look/plan.ts'],
  'wall-cli/render': ['cli/render', 'cli/output/json-text.ts'],
  'wall-cli/output': ['cli/output', 'cli/command.ts'],
  'wall-cli/serve': ['cli/serve', 'cli/commands/index.ts'],
  'wall-cli/handlers': ['cli/handlers', 'cli/parse/parser.ts'],
  'wall-cli/handlers/look': ['cli/handlers/look', 'cli/handlers/run/run.ts', 'later'],
  'wall-cli/handlers/run': ['cli/handlers/run', 'cli/handlers/look/list.ts', 'later'],
  'wall-cli/handlers/plug': ['cli/handlers/plug', 'cli/handlers/look/list.ts', 'later'],
  'wall-cli/handlers/mend': ['cli/handlers/mend', 'cli/handlers/look/list.ts', 'later'],
  'wall-cli/handlers/shared': ['cli/handlers/shared', 'cli/handlers/plug/attach.ts', 'later'],

  // a room that is entered by the window
  'door-diag/catalog/host': ['diag', 'diag/catalog/host/selectors.ts'],
  'door-diag/catalog/placing': ['diag', 'diag/catalog/placing/ports.ts'],
  'door-diag/catalog/program': ['diag', 'diag/catalog/program/folders.ts'],
  'door-diag/catalog/qemu': ['diag', 'diag/catalog/qemu/qemu-args.ts'],
  'door-diag/catalog/vm': ['diag', 'diag/catalog/vm/claims.ts'],
  'door-diag/catalog/vm-file': ['diag', 'diag/catalog/vm-file/drives.ts'],
  'door-qmp/protocol': ['qmp', 'qmp/protocol/session.ts'],
  'door-qmp/events': ['qmp', 'qmp/events/event-hub.ts'],
  'door-qmp/connection': ['qmp', 'qmp/connection/connect.ts'],
  'door-qmp/share': ['qmp', 'qmp/share/hub.ts'],
  'door-qmp/serve': ['qmp', 'qmp/serve/share-server.ts'],
  'door-qdev/speeds': ['qdev', 'qdev/speeds/host-speeds.ts'],
  'door-qdev/models': ['qdev', 'qdev/models/hub.ts'],
  'door-qdev/predict': ['qdev', 'qdev/predict/boards.ts'],
  'door-qdev/observe': ['qdev', 'qdev/observe/query.ts'],
  'door-planner/solve': ['planner', 'planner/solve/search.ts'],
  'door-planner/fixes': ['planner', 'planner/fixes/with-fix.ts'],
  'door-planner/report': ['planner', 'planner/report/report.ts'],
  'door-planner/questions': ['planner', 'planner/questions/explain.ts'],
  'door-host/names': ['host', 'host/names/port-name.ts'],
  'door-host/descriptors': ['host', 'host/descriptors/descriptors.ts'],
  'door-host/sysfs': ['host', 'host/sysfs/inventory.ts'],
  'door-host/selectors': ['host', 'host/selectors/selector.ts'],
  'door-host/guards': ['host', 'host/guards/facts.ts'],
  'door-host/file': ['host', 'host/file/read-host-file.ts'],
  'door-host/file/text': ['host/file', 'host/file/text/plain-text.ts'],
  'door-host/file/listing': ['host/file', 'host/file/listing/listing.ts'],
  'door-host/file/lsusb': ['host/file', 'host/file/lsusb/lsusb.ts'],
  'door-host/file/recording': ['host/file', 'host/file/recording/tar.ts'],
  'door-registry/sqlite': ['registry', 'registry/sqlite/libsql.ts'],
  'door-launcher/command-line': ['launcher', 'launcher/command-line/argv.ts'],
  'door-launcher/checks': ['launcher', 'launcher/checks/check-guest.ts'],
  'door-launcher/process': ['launcher', 'launcher/process/run-as.ts'],
  'door-launcher/preflight': ['launcher', 'launcher/preflight/preflight.ts'],
  'door-processes/containers': ['processes', 'processes/containers/find-container.ts'],
  'door-processes/network': ['processes', 'processes/network/tcp-table.ts'],
  'door-vm/target': ['vm', 'vm/target/open-vm.ts'],
  'door-vm/observe': ['vm', 'vm/observe/disks.ts'],
  'door-vm/steps': ['vm', 'vm/steps/perform-step.ts'],
  'door-vm/plan': ['vm', 'vm/plan/plan-attach.ts'],
  'door-vm/transaction': ['vm', 'vm/transaction/undo-steps.ts'],
  'door-vm/file-edit': ['vm', 'vm/file-edit/add-entries.ts'],
  'door-vm/operations': ['vm', 'vm/operations/attach.ts'],
  'door-agent/wish': ['agent', 'agent/wish/precedence.ts'],
  'door-agent/decide': ['agent', 'agent/decide/attempts.ts'],
  'door-agent/look': ['agent', 'agent/look/file-wishes.ts'],
  'door-agent/act': ['agent', 'agent/act/act.ts'],
  'door-agent/watch': ['agent', 'agent/watch/folder-watch.ts'],
  'door-agent/shares': ['agent', 'agent/shares/decide-shares.ts'],
  'door-agent/events': ['agent', 'agent/events/event-log.ts'],
  'door-processes/arguments': ['processes', 'processes/arguments/read-arguments.ts'],
  'door-processes/running': ['processes', 'processes/running/read-processes.ts'],
  'door-service/units': ['service', 'service/units/unit-word.ts'],
  'door-service/files': ['service', 'service/files/unit-files.ts'],
  'door-service/manager': ['service', 'service/manager/watchdog.ts'],
  'door-agent/api': ['agent', 'agent/api/request.ts'],
  'door-vm/operations/plug': ['vm/operations', 'vm/operations/plug/attach.ts'],
  'door-vm/operations/life': ['vm/operations', 'vm/operations/life/run.ts'],
  'door-vm/operations/migration': ['vm/operations', 'vm/operations/migration/migrate.ts'],
  'door-vm/operations/snapshots': ['vm/operations', 'vm/operations/snapshots/snapshot-tag.ts'],
  'door-vm/operations/look': ['vm/operations', 'vm/operations/look/wait.ts'],
  'door-vm/operations/names': ['vm/operations', 'vm/operations/names/adopt.ts'],
  'door-registry/claims': ['registry', 'registry/claims/claim.ts'],
  'door-registry/vms': ['registry', 'registry/vms/clear-away.ts'],
  'door-registry/state': ['registry', 'registry/state/place-store.ts'],
  'door-registry/journal': ['registry', 'registry/journal/journal-record.ts'],
  'door-view/text': ['view/tree', 'view/text/text-width.ts'],
  'door-view/tree': ['view/picture', 'view/tree/port-tree.ts'],
  'door-view/documents': ['view', 'view/documents/plan.ts'],
  'door-view/picture': ['view', 'view/picture/draw.ts'],

  'through-the-door': ['vm', 'host/node-rights.ts'],
  'not-by-the-own-door': ['registry', 'registry/index.ts'],
  'handlers-when-called': ['cli', 'cli/handlers/plug/attach.ts'],
  'pure-core': ['qdev', 'node:path'],
  'view-shows-only': ['view', 'node:path'],
  'io-in-few-files': ['vm', 'node:net'],
  'programs-in-one-file': ['host/sysfs/drivers.ts', 'node:child_process'],
  'yargs-in-one-file': ['cli', 'yargs/helpers'],
  'no-circle': ['registry/circle.ts', 'registry/circle.ts'],
  'no-tests-in-source': ['base', '../test/patience.ts'],
  'not-unreachable': ['host', 'host/usb-device.ts'],
};

let folder: string;
let rules: readonly string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'walls-'));
  const { default: config } = await import(pathToFileURL(join(top, '.dependency-cruiser.mjs')).href);
  rules = config.forbidden.map(({ name }: { readonly name: string }) => name);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** @returns a tree of these files, with the rules of this project */
function tree(name: string, files: Readonly<Record<string, string>>): string {
  const at = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(at, path)), { recursive: true });
    writeFileSync(join(at, path), text);
  }
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json']) copyFileSync(join(top, file), join(at, file));
  return at;
}

function violationsIn(cwd: string): readonly Violation[] {
  const cruiser = join(top, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const args = [cruiser, '--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 1e8 });
  expect(stderr).toBe('');
  return JSON.parse(stdout).summary.violations;
}

/** The path of the file that breaks a rule. */
function faultyFile(rule: string, from: string): string {
  return `src/${from.endsWith('.ts') ? from : `${from}/fault-of-${rule.replaceAll('/', '-')}.ts`}`;
}

/** @returns the files of a tree that has each fault; what they import is there */
function plant(): Record<string, string> {
  const files: Record<string, string> = {
    'test/patience.ts': 'export const it = 1;\n',
    'node_modules/yargs/package.json': '{ "name": "yargs", "version": "17.0.0" }',
    'node_modules/yargs/helpers.js': 'export const it = 1;\n',
    'package.json': '{ "type": "module", "dependencies": { "yargs": "17.0.0" } }',
  };
  const faults = Object.entries(FAULTS).flatMap(([rule, [from, imports, when]]) => {
    const file = faultyFile(rule, from);
    const isOurs = imports.endsWith('.ts');
    if (isOurs) files[join('src', imports)] ??= 'export const it = 1;\n';
    const up = '../'.repeat(file.split('/').length - 2);
    const path = isOurs ? `${up}${imports.replace(/\.ts$/, '.js')}` : imports;
    return [[file, when === 'later' ? `void import('${path}');\n` : `import '${path}';\n`] as const];
  });
  for (const [file, line] of faults) files[file] = line + (files[file] ?? '');
  return files;
}

describe('the import rules', () => {
  test('take a tree that keeps them', () => {
    expect(violationsIn(tree('sound', SOUND))).toEqual([]);
  });

  test('have a fault each', () => {
    expect(Object.keys(FAULTS).sort()).toEqual([...rules].sort());
  });

  test('catch the faults of all of them, each by its own', () => {
    const violations = violationsIn(tree('faulty', plant()));
    const caught = Object.entries(FAULTS).map(([rule, [from]]) => {
      const names = violations.filter((one) => one.from === faultyFile(rule, from)).map((one) => one.rule.name);
      return [rule, [...new Set(names)].filter((name) => name === rule || name !== 'not-unreachable')];
    });
    expect(caught).toEqual(Object.keys(FAULTS).map((rule) => [rule, [rule]]));
  });

  test('are about every folder', () => {
    const rooms = readdirSync(join(top, 'src'))
      .filter((layer) => !layer.endsWith('.ts'))
      .flatMap((layer) =>
        readdirSync(join(top, 'src', layer), { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isDirectory() && entry.name !== 'generated')
          .map((entry) => join(entry.parentPath, entry.name).slice(join(top, 'src/').length)),
      );
    const walled = rules.flatMap((rule) => /^wall-(.*)$/.exec(rule)?.[1] ?? []);
    expect(rooms.filter((room) => !walled.includes(room))).toEqual([]);
    expect(walled.filter((room) => !existsSync(join(top, 'src', room)))).toEqual([]);
  });
});
