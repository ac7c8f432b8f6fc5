/**
 * A QMP client: `connect`, then `execute`, `on`, `events`, `waitFor`, `close`. docs/qmp.md has examples from the simplest
 * to the hardest.
 */
export type { QmpAddress } from './address.js';
export type {
  ArgumentsOf,
  BlockInfo,
  DeviceAdd,
  MigrationCapability,
  MigrationInfo,
  ObjectProperty,
  PciDevice,
  PciInfo,
  QmpCommandName,
  QmpCommands,
  ReturnOf,
  RunState,
  SchemaInfo,
} from './commands.js';
export { connect } from './connect.js';
export {
  type CloseReason,
  QmpClosedError,
  QmpCommandError,
  QmpConnectError,
  QmpError,
  QmpProtocolError,
  QmpTimeoutError,
} from './errors.js';
export type { EventWait } from './event-hub.js';
export type { EventStream } from './event-stream.js';
export type { EventOf, QmpEventName, QmpEvents } from './events.js';
export type { Greeting, JsonObject, QmpEvent } from './message.js';
export type { ConnectOptions, ExecuteOptions, QmpConnection } from './qmp-connection.js';
export type { WaitOptions } from './wait.js';
