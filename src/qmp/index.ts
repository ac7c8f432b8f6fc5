/**
 * A QMP client: `connect`, then `execute`, `on`, `events`, `waitFor`, `close`. docs/qmp.md has examples from the simplest
 * to the hardest.
 */
export type { QmpAddress } from './address.js';
export type { ArgumentsOf, DeviceAdd, QmpCommandName, QmpCommands, ReturnOf } from './commands.js';
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
export type { EventOf, QmpEventName } from './events.js';
export type {
  BlockInfo,
  ImageInfo,
  JobInfo,
  MigrationCapability,
  MigrationInfo,
  ObjectProperty,
  PciDevice,
  PciInfo,
  QmpEvents,
  RunState,
  SchemaInfo,
  SnapshotInfo,
} from './generated/replies.js';
export type { Greeting, JsonObject, QmpEvent } from './message.js';
export type { ConnectOptions, ExecuteOptions, QmpConnection } from './qmp-connection.js';
export type { WaitOptions } from './wait.js';
