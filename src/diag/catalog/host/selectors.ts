import type { Text } from '../../finding.js';
import { advice, sh } from '../../fix.js';
import { printable } from '../../printable.js';
import { choice, type DeviceChoice, typedSelector } from '../device-choice.js';

/** What is wrong with a selector's words. */
export type SelectorProblem =
  | 'empty'
  | 'too-long'
  | 'id-digits'
  | 'id-serial-empty'
  | 'port-form'
  | 'port-zero'
  | 'port-depth'
  | 'interface-name'
  | 'address-form'
  | 'address-range'
  | 'address-without-at'
  | 'node-path'
  | 'location-without-port'
  | 'location-controller'
  | 'location-port'
  | 'serial-empty'
  | 'class-form'
  | 'quote-open'
  | 'key-unknown';

const SELECTOR_WHY: Readonly<Record<SelectorProblem, string>> = {
  empty:
    'a selector is 0781:5567, 0781:5567:SERIAL, 1-2.3, pci-0000:00:14.0/2.3, @1.5, serial=…, class=03 or words of its name',
  'too-long': 'no device has that many words in its name',
  'id-digits': 'vendor and product are four hexadecimal digits each; a name that has a colon goes into quotes',
  'id-serial-empty': 'nothing follows the second colon, where the serial number belongs',
  'port-form': 'a host port is BUS-PORT, with a dot before the port of each hub further on: 1-2.3',
  'port-zero': 'buses and ports count from 1 and are written without leading zeros',
  'port-depth': 'USB allows five hubs in a row, so at most six port numbers',
  'interface-name': 'it names one interface of a device; qplug takes whole devices',
  'address-form': 'a current bus and device number is written @BUS.DEVICE',
  'address-range': 'buses and device numbers count from 1, and device numbers end at 127',
  'address-without-at': 'a bus and device number needs an @ in front; a port is written with a hyphen after the bus',
  'node-path': 'a device node is named by its bus and device number, @BUS.DEVICE',
  'location-without-port': 'the port chain is missing after the controller: pci-0000:00:14.0/2.3',
  'location-controller': 'a PCI address is DOMAIN:BUS:SLOT.FUNCTION in hexadecimal: 0000:00:14.0',
  'location-port': 'what follows the slash is a port chain such as 2 or 2.3',
  'serial-empty': 'nothing follows serial=',
  'class-form': 'a class is one or two hexadecimal digits: class=03 (input), class=08 (storage), class=0e (video)',
  'quote-open': 'the quote is not closed',
  'key-unknown': 'the keys are serial= and class=; a name that has an equals sign goes into quotes',
};

export const selectors = {
  'selector-invalid': {
    kind: 'usage',
    text: (e: { selector: string; problem: SelectorProblem; meant: string | undefined }): Text => ({
      what: `"${printable(e.selector, 128)}" is not a selector`,
      why: SELECTOR_WHY[e.problem],
      fix: e.meant === undefined ? undefined : advice(printable(e.meant, 128)),
    }),
  },
  /** `near`: devices that the user may have meant, nearest first; `present`: some of the devices, `others` more are not listed. */
  'device-not-found': {
    kind: 'not-found',
    text: (e: {
      selector: string;
      near: readonly DeviceChoice[];
      present: readonly DeviceChoice[];
      others: number;
    }): Text => ({
      what: `no USB device matches "${printable(e.selector, 128)}"`,
      why: notFoundWhy(e.near, e.present, e.others),
    }),
  },
  'selector-ambiguous': {
    kind: 'ambiguous',
    text: (e: { selector: string; candidates: readonly DeviceChoice[] }): Text => ({
      what: `"${printable(e.selector, 128)}" matches ${e.candidates.length} devices instead of one`,
      why: e.candidates.map(choice).join('; '),
      fix: advice(`name one of them: ${e.candidates.map(typedSelector).join(' or ')}`),
    }),
  },
  /** `file`: the file that describes the host, `-` for standard input; undefined for this host. */
  'device-is-hub': {
    kind: 'refused',
    text: (e: { selector: string; port: string; name: string; file?: string | undefined }): Text => ({
      what: `"${printable(e.selector, 128)}" is a hub (${printable(e.name, 64)})`,
      where: `port ${printable(e.port)}`,
      why: 'a hub stays with the host; attach the devices behind it one by one',
      fix: e.file === undefined ? sh`qplug devices --tree` : sh`qplug devices --tree --host ${e.file}`,
    }),
  },
} as const;

function notFoundWhy(near: readonly DeviceChoice[], present: readonly DeviceChoice[], others: number): string {
  if (present.length === 0) return 'this host has no USB devices other than hubs';
  if (near.length > 0) return `nearest: ${near.map(choice).join('; ')}`;
  const more = others === 0 ? '' : `; and ${others} more`;
  return `plugged in: ${present.map(choice).join('; ')}${more}`;
}
