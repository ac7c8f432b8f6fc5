import { cwd } from 'node:process';
import { printable, sh } from '../../../diag/index.js';
import { migrateDocument } from '../../../view/documents/index.js';
import { type MigrateReport, migrate, parseMigrationUri } from '../../../vm/index.js';
import type { CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { MIGRATE_TIMEOUT } from '../../timeouts.js';
import { withVm } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const uri = parseMigrationUri(args.word('uri'), cwd());
  const request = { uri, withDetached: args.flag('with-detached'), end: args.flag('end') };
  const report = await withVm(
    args,
    terminal,
    (vm, host, operation) => migrate(vm, request, host, operation),
    MIGRATE_TIMEOUT,
  );
  return {
    schema: 'migrate',
    document: () => migrateDocument(report),
    text: () => textOf(report),
    findings: report.findings,
  };
};

function textOf(report: MigrateReport): string {
  const { vm, uri, devices, ended } = report;
  const kill = sh`qplug kill ${vm}`;
  return lines([
    `the guest of ${printable(vm)} is at ${printable(uri)}${figuresOf(report)}`,
    ...devices.map(({ label }) => `  the host has ${label}`),
    ...(devices.length === 0 ? [] : ['on the other side, if it has these devices:']),
    ...devices.flatMap(({ selector, bus, port }) => {
      const line = sh`qplug attach ${vm} ${selector} --controller ${bus} --port ${port}`;
      return line === undefined ? [] : [`  ${line.command}`];
    }),
    ended === undefined
      ? `the process that is left here is paused and holds no device${kill === undefined ? '' : `: ${kill.command}`}`
      : 'the process that was left here has ended',
  ]);
}

function figuresOf({ transferred, totalTime, downtime }: MigrateReport): string {
  if (transferred === undefined || totalTime === undefined) return '';
  const still = downtime === undefined ? '' : `, paused for ${downtime} ms`;
  return `: ${(transferred / 1e6).toFixed(1)} MB in ${(totalTime / 1000).toFixed(1)} s${still}`;
}
