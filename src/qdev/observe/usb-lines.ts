import { within } from './limits.js';
import { okOf, type QueryCommand, type QueryReply, type Reading } from './query.js';
import { parseUsbList, type UsbLine } from './usb-list.js';

/** Reads the lines of `info usb`. `x-query-usb` came with 6.2; an older QEMU prints the same text for a monitor command. */
export function* readUsbLines(): Reading<UsbLine[]> {
  const [asked] = yield [{ command: 'x-query-usb' }];
  const [list] = isUnknownCommand(asked) ? yield [monitorCommand('info usb')] : [asked];
  return usbLines(list);
}

function isUnknownCommand(reply: QueryReply | undefined): boolean {
  return reply !== undefined && 'error' in reply && reply.error.class === 'CommandNotFound';
}

/** A command of the human monitor. */
export function monitorCommand(line: 'info usb' | 'info qtree'): QueryCommand {
  return { command: 'human-monitor-command', arguments: { 'command-line': line } };
}

/** @throws QplugError `qemu-tree-too-large` */
export function bounded(text: string): string {
  within('text-characters', text.length);
  return text;
}

/** The human monitor ends its lines with CR LF. */
export function unixLines(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function usbLines(reply: QueryReply | undefined): UsbLine[] {
  const value = okOf(reply);
  if (typeof value === 'string') return parseUsbList(unixLines(bounded(value)));
  if (typeof value !== 'object' || value === null || !('human-readable-text' in value)) return [];
  const text = value['human-readable-text'];
  return typeof text === 'string' ? parseUsbList(bounded(text)) : [];
}
