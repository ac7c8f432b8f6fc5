/** The agent: a process that stays, and keeps devices with their VMs through replugs, flashes and restarts. */

export { Agent, type AgentOptions } from './agent.js';
export {
  type AgentCommands,
  askAgent,
  type CommandAnswer,
  type CommandRequest,
  type CommandResult,
  type ReadyCommand,
  runInAgent,
  type WrongCommand,
} from './api/index.js';
export type { Condition, DeviceAccount } from './decide/index.js';
export type { AgentEvent, EventDevice, EventLog, LoggedEvent, Resync } from './events/index.js';
export type { ShareAccount, ShareCondition } from './shares/index.js';
