/**
 * Builds QEMU's command line. Input: a VM file, and the former places of its controllers. Output: the words of the command line, and the
 * buses that QEMU will create from them. Starts and reads nothing.
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
  type PcieRootPort,
  predictBuses,
  spareRootPorts,
  unplacedControllers,
  usedSlots,
} from './controllers.js';
export { type MachineModel, machineModel, X86_MACHINES } from './machine.js';
export { type GivenOption, parseProperties, parseQemuArgs, rootSlot, startsPaused } from './qemu-args.js';
export { type ControllerBefore, recallControllers } from './recall-controllers.js';
export { checkSandbox, wantsSandbox } from './sandbox.js';
export { formatArgv, shellQuote } from './shell.js';
