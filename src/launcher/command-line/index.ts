/**
 * QEMU's command line: a VM file comes in, with where its controllers were; the words of the command line go out, and the buses that QEMU
 * will make of them. Nothing is started, nothing is read.
 */

export {
  type ArgvInput,
  argvArray,
  buildArgv,
  ownIds,
  ownNodes,
  type PlacedEmulated,
  type QemuOption,
} from './argv.js';
export {
  boardControllers,
  chooseControllers,
  growControllers,
  machineBoard,
  predictBuses,
  type RootPort,
  spareRootPorts,
  unplacedControllers,
  usedSlots,
} from './controllers.js';
export { type MachineModel, machineModel, X86_MACHINES } from './machine.js';
export { type GivenOption, parseProperties, parseQemuArgs, rootSlot, startsPaused } from './qemu-args.js';
export { type ControllerBefore, recallControllers } from './recall-controllers.js';
export { checkSandbox, wantsSandbox } from './sandbox.js';
export { formatArgv, shellQuote } from './shell.js';
