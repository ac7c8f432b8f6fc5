import { openHost } from '../../../access/index.js';
import { printable } from '../../../diag/index.js';
import type { Room } from '../../../planner/index.js';
import { SPEEDS, type Speed, speedOfMegabits } from '../../../qdev/index.js';
import { capacityDocument } from '../../../view/documents/index.js';
import { isVmFile, openVm, roomInFile, roomInVm } from '../../../vm/index.js';
import type { Arguments, CommandHandler, Outcome } from '../../command.js';
import { exitCodeOf } from '../../exit-codes.js';
import { renderCapacity } from '../../render/capacity.js';
import type { Terminal } from '../../terminal.js';
import { ANSWER_TIMEOUT } from '../../timeouts.js';
import { prepareFile } from '../shared/prepare-file.js';
import { attachRequestOf, refuseHostFile } from '../shared/read-options.js';

/** `qplug plan --count`: of a VM file beside what it wants, or of a VM that runs. */
export const run: CommandHandler = (args, terminal) =>
  args.texts('selector').length === 0 && isVmFile(args.word('vm')) ? inFile(args, terminal) : inVm(args, terminal);

async function inFile(args: Arguments, terminal: Terminal): Promise<Outcome> {
  const { prepared, findings } = await prepareFile(args.word('vm'), args, terminal);
  const rooms = roomInFile(prepared, speedOf(args));
  return { ...outcomeOf(prepared.file.name, rooms, terminal), findings, exit: exitCodeOf(findings) };
}

async function inVm(args: Arguments, terminal: Terminal): Promise<Outcome> {
  refuseHostFile(args, '--count', 'a running VM takes only devices of this host');
  const host = openHost(terminal);
  const { signal } = terminal;
  const timeout = (args.number('timeout') ?? ANSWER_TIMEOUT) * 1000;
  await using vm = await openVm(args.word('vm'), host, { signal, timeout });
  const request = attachRequestOf(args);
  return outcomeOf(vm.name, await roomInVm(vm, request, host, { speed: speedOf(args), signal }), terminal);
}

function outcomeOf(vm: string, rooms: readonly Room[], terminal: Terminal): Outcome {
  const head = `${terminal.outColors.bold(printable(vm))}  free capacity, counted separately for each speed`;
  return {
    schema: 'room',
    document: () => capacityDocument(vm, rooms),
    text: () => `${head}\n${renderCapacity(rooms)}`,
  };
}

/** A class by its name or its figure in Mb/s; undefined for all. */
function speedOf(args: Arguments): Speed | undefined {
  const word = args.text('count');
  return SPEEDS.find((speed) => speed === word) ?? speedOfMegabits(Number(word));
}
