/** The agent: a process that stays, and keeps devices with their VMs through replugs, flashes and restarts. */

export { Agent, type AgentOptions } from './agent.js';
export { askAgent } from './api/index.js';
export type { Condition, DeviceAccount } from './decide/index.js';
export type { AgentEvent, EventDevice, EventLog, LoggedEvent, Resync } from './events/index.js';
