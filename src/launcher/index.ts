/** From a VM file to a QEMU process: its controllers, its command line, the check of the host, its start and its end. */

export { checkGuest, checkModels, takenIds } from './checks/index.js';
export {
  type ArgvInput,
  argvArray,
  boardControllers,
  buildArgv,
  type ControllerBefore,
  chooseControllers,
  formatArgv,
  growControllers,
  type MachineModel,
  machineModel,
  type PcieRootPort,
  type PlacedEmulated,
  predictBuses,
  type QemuOption,
  recallControllers,
  shellQuote,
  spareRootPorts,
  startsPaused,
} from './command-line/index.js';
export { type FoundQemu, findQemu, type Preflight, type PreflightInput, preflight } from './preflight/index.js';
export {
  closeToOthers,
  type EndOptions,
  type EndOutcome,
  type EndStep,
  endProcess,
  type FoundRunAs,
  findRunAs,
  findStarted,
  lastLogLines,
  type ProcessExit,
  QemuLog,
  type QemuProcess,
  type RunAs,
  type StartInput,
  startQemu,
} from './process/index.js';
export { checkSocketPaths, type RuntimePaths, runtimePaths } from './runtime-paths.js';
