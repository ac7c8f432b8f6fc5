import { asTyped, printable } from '../../../diag/index.js';
import type { PortName } from '../../../planner/index.js';
import { megabits } from '../../../qdev/index.js';
import { rebalanceDocument } from '../../../view/documents/index.js';
import { speedText } from '../../../view/text/index.js';
import { type RebalanceReport, rebalance } from '../../../vm/index.js';
import type { Arguments, CommandHandler } from '../../command.js';
import { lines } from '../../render/lines.js';
import { guardOffOf } from '../shared/read-options.js';
import { withVm } from '../shared/with-vm.js';

export const run: CommandHandler = async (args, terminal) => {
  const request = {
    selectors: args.texts('selector'),
    emulated: args.texts('emulated'),
    guardOff: guardOffOf(args),
    carryOut: args.flag('yes') && !args.flag('dry-run'),
  };
  const report = await withVm(args, terminal, (vm, host, operation) => rebalance(vm, request, host, operation));
  return {
    schema: 'rebalance',
    document: () => rebalanceDocument(report),
    text: () => textOf(report, args),
    findings: report.findings,
  };
};

function textOf({ vm, move, done }: RebalanceReport, args: Arguments): string {
  if (move === undefined) return `no single move would give a device of ${printable(vm)} a better port`;
  const { wins, was, moved, hub, plan } = move;
  const speed = speedText(megabits(wins.speed));
  const before = was === undefined ? 'which has no port' : `which runs at ${speedText(megabits(was))}`;
  const told = [
    done
      ? `${wins.label} is on ${spot(wins)} now, at ${speed}`
      : `${wins.label}, ${before}, could be on ${spot(wins)}, at ${speed}`,
    ...(hub === undefined
      ? []
      : [`  ${printable(hub.id)}, which has no devices behind it, ${done ? 'was' : 'is'} removed`]),
    ...plan.hubs.map(
      ({ id, bus, port }) => `  ${printable(id)} ${done ? 'was' : 'is'} added on ${spot({ bus, port })}`,
    ),
    ...moved.map(
      ({ from, to }) => `  ${to.label}: ${spot(from)} -> ${spot(to)}${done ? '' : ', unplugged for a moment'}`,
    ),
  ];
  if (done) return lines(told);
  const warning = moved.length === 0 ? [] : ['The guest loses what it has open on a device that is unplugged.'];
  const line = commandLine(args);
  return lines([...told, ...warning, ...(line === undefined ? [] : [`To do it: ${line}`])]);
}

function spot({ bus, port }: PortName): string {
  return `${printable(bus)} port ${port}`;
}

/** What was typed, with `--yes`; undefined where that can't be typed on one line. */
function commandLine(args: Arguments): string | undefined {
  const words = [args.word('vm'), ...args.texts('selector')];
  const options = [
    ...args.texts('emulated').flatMap((model) => ['--emulated', model]),
    ...guardOffOf(args).flatMap((guard) => ['--guard-off', guard]),
    '--yes',
  ];
  const dashed = words.some((word) => word.startsWith('-'));
  return asTyped('qplug', 'rebalance', ...(dashed ? [...options, '--', ...words] : [...words, ...options]))?.command;
}
