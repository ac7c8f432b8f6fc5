import { changeTarget, type DetachedReport, detachFrom } from '../../vm/index.js';
import type { CommandHandler } from '../command.js';
import { hostDeviceSummary } from '../documents/host-device.js';
import { changedDocument, changedLines } from '../documents/vm-file.js';
import { lines } from '../lines.js';
import { withOperation } from '../with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const choice = { config: args.flag('config'), live: args.flag('live') };
  const report = await withOperation(args, terminal, async (host, operation) =>
    detachFrom(await changeTarget(args.word('vm'), choice, host), args.texts('device'), host, operation),
  );
  return {
    schema: 'detach',
    document: () => ({ vm: report.vm, devices: report.devices.map(documentOf), ...changedDocument(report) }),
    text: () => lines([...report.devices.map(sentence), ...changedLines(report)]),
    findings: report.findings,
  };
};

function documentOf({ id, bus, port, host }: DetachedReport): Record<string, unknown> {
  return {
    id,
    bus,
    port: port ?? null,
    host: host === undefined ? null : { ...hostDeviceSummary(host), drivers: driversOf(host) },
  };
}

function driversOf(host: NonNullable<DetachedReport['host']>): string[] {
  return [...new Set(host.interfaces.flatMap(({ driver }) => driver ?? []))];
}

function sentence({ label, host }: DetachedReport): string {
  if (host === undefined) return `${label} detached`;
  const drivers = driversOf(host);
  return `${label} detached; ${drivers.length === 0 ? 'the host has no driver for it' : `the host has it back (${drivers.join(', ')})`}`;
}
