/**
 * A QMP client: `connect`, then `execute`, `on`, `events`, `waitFor`, `close`. docs/qmp.md has examples from the simplest
 * to the hardest.
 */
export { parseAddress, type QmpAddress } from './address.js';
export type { ArgumentsOf, DeviceAdd, QmpCommandName, QmpCommands, ReturnOf } from './commands.js';
export type { ConnectOptions, ExecuteOptions, QmpConnection } from './connection/index.js';
export { connect, connectLines, type LineConnection } from './connection/index.js';
export {
  type CloseReason,
  QmpClosedError,
  QmpCommandError,
  QmpConnectError,
  QmpError,
  QmpProtocolError,
  QmpTimeoutError,
} from './errors.js';
export type { EventOf, EventStream, EventWait, QmpEventName, WaitOptions } from './events/index.js';
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
export type { Greeting, JsonObject, QmpEvent } from './protocol/index.js';
export { type ShareNotice, type ShareOptions, ShareServer } from './serve/index.js';
export type { ShareLimits } from './share/index.js';
