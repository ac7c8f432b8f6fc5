/** From a VM file to a QEMU process: its controllers, its command line, what the host lacks, its start and its end. */
export {
  type ArgvInput,
  argvArray,
  buildArgv,
  type PlacedEmulated,
  type QemuOption,
} from './argv.js';
export { checkGuest, takenIds } from './check-guest.js';
export { checkModels } from './check-models.js';

export {
  boardControllers,
  chooseControllers,
  growControllers,
  predictBuses,
  type RootPort,
  spareRootPorts,
} from './controllers.js';
export { type EndOptions, type EndOutcome, type EndStep, endProcess } from './end-process.js';
export { findStarted } from './find-started.js';
export { closeToOthers } from './hand-over.js';
export { type MachineModel, machineModel } from './machine.js';
export { type FoundQemu, findQemu, type Preflight, type PreflightInput, preflight } from './preflight.js';
export { lastLogLines, type ProcessExit, type QemuProcess, type StartInput, startQemu } from './process.js';
export { startsPaused } from './qemu-args.js';
export { QemuLog } from './qemu-log.js';
export { type ControllerBefore, recallControllers } from './recall-controllers.js';
export { type FoundRunAs, findRunAs, type RunAs } from './run-as.js';
export { checkSocketPaths, type RuntimePaths, runtimeDir, runtimePaths, stateDir } from './runtime-paths.js';
export { formatArgv, shellQuote } from './shell.js';
