import { asTyped, printable } from '../../diag/index.js';
import type { Placement, PortName } from '../../planner/index.js';
import { megabits } from '../../qdev/index.js';
import { type RebalanceReport, rebalance } from '../../vm/index.js';
import type { Arguments, CommandHandler } from '../command.js';
import { guardOffOf } from '../guard-off.js';
import { lines } from '../lines.js';
import { renderSpeed } from '../render-speed.js';
import { withVm } from '../with-vm.js';

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
    document: () => documentOf(report),
    text: () => textOf(report, args),
    findings: report.findings,
  };
};

function documentOf({ vm, move, done }: RebalanceReport): Record<string, unknown> {
  const moved = move?.moved ?? [];
  return {
    vm,
    done,
    wins: move === undefined ? null : { ...placed(move.wins), was: move.was === undefined ? null : megabits(move.was) },
    interrupted: moved.map(({ from, to }) => ({ ...placed(to), from })),
    added: { hubs: move?.plan.hubs ?? [] },
    removed: { hubs: move?.hub === undefined ? [] : [move.hub] },
  };
}

function placed({ key, label, bus, port, speed }: Placement): Record<string, unknown> {
  return { id: key, label, bus, port, megabits: megabits(speed) };
}

function textOf({ vm, move, done }: RebalanceReport, args: Arguments): string {
  if (move === undefined) return `no single move would give a device of ${printable(vm)} a better port`;
  const { wins, was, moved, hub, plan } = move;
  const speed = renderSpeed(megabits(wins.speed));
  const before = was === undefined ? 'which has no port' : `which runs at ${renderSpeed(megabits(was))}`;
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
