import { describe, type EvidenceByCode, type Finding, finding, nearest, QplugError } from '../../diag/index.js';
import { formatId, formatPort, isPciAddress, parseInterfaceName, parsePortName } from '../names/index.js';

/** A user's name for host devices; see docs/selectors.md. */
export type Selector = { readonly text: string } & (
  | { readonly by: 'id'; readonly vendorId: number; readonly productId: number; readonly serial: string | undefined }
  | { readonly by: 'port'; readonly bus: number; readonly chain: readonly number[] }
  /** `controller` as in `HostDevice.controller`. */
  | { readonly by: 'location'; readonly controller: string; readonly chain: readonly number[] }
  | { readonly by: 'address'; readonly bus: number; readonly address: number }
  | { readonly by: 'serial'; readonly serial: string }
  | { readonly by: 'class'; readonly class: number }
  /** In lower case; all of them must be in the name. */
  | { readonly by: 'words'; readonly words: readonly string[] }
);

/** A selector without its text. */
type Meaning = Selector extends infer S ? (S extends Selector ? Omit<S, 'text'> : never) : never;
type SelectorProblem = EvidenceByCode['selector-invalid']['problem'];
/** The error, and the probable selector. */
type Wrong = { readonly problem: SelectorProblem; readonly meant?: string | undefined };

/** Longest accepted text; USB strings end at 126 characters. */
const LONGEST = 512;
/** Five hubs and the device behind them (USB 2.0, 4.1.1). */
const DEEPEST = 6;

/**
 * Reads a selector. Pure; any text results in a selector or a finding with a suggestion.
 *
 * @param text - as typed; surrounding blanks don't count
 * @returns the selector, or the finding `selector-invalid`
 */
export function parseSelector(text: string): Selector | Finding {
  const trimmed = text.trim();
  const read = meaningOf(trimmed);
  if ('by' in read) return { ...read, text: trimmed };
  return finding('selector-invalid', { selector: text, problem: read.problem, meant: read.meant });
}

/** @returns whether `parseSelector` gave a selector */
export function isSelector(parsed: Selector | Finding): parsed is Selector {
  return 'by' in parsed;
}

/** As `parseSelector`. @throws QplugError `selector-invalid` */
export function requireSelector(text: string): Selector {
  const parsed = parseSelector(text);
  if (isSelector(parsed)) return parsed;
  throw new QplugError([parsed]);
}

function meaningOf(text: string): Meaning | Wrong {
  if (text === '') return { problem: 'empty' };
  if (text.length > LONGEST) return { problem: 'too-long' };
  if (/^["']/.test(text)) return quoted(text);
  if (text.startsWith('@')) return address(text);
  if (/^(pci|platform)-/i.test(text)) return location(text);
  if (/^\/?dev\/|^\d{3}\/\d{3}$/.test(text)) return nodePath(text);
  const key = /^([a-z]+)=(.*)$/is.exec(text);
  if (key !== null) return keyed(key[1] ?? '', (key[2] ?? '').trim());
  if (/^\d+-[\d.]*:\d+\.\d+$/.test(text)) return interfaceName(text);
  if (/^[^\s:]*:[^\s:]*(:|$)/.test(text)) return id(text);
  if (/^\d+-[\d.]*$/.test(text)) return port(text);
  if (/^\d+\.\d+$/.test(text)) return { problem: 'address-without-at', meant: `@${text}` };
  return words(text);
}

/** Four digits each, or any number of up to four with `0x` before it, as QEMU's vendorid= takes it. */
function id(text: string): Meaning | Wrong {
  const match = /^([^:]*):([^:]*)(?::(.*))?$/s.exec(text);
  const [, vendor = '', product = '', rest] = match ?? [];
  const serial = rest?.trim();
  const vendorId = hex(vendor);
  const productId = hex(product);
  if (vendorId === undefined || productId === undefined)
    return { problem: 'id-digits', meant: padded(vendor, product) };
  if (serial === '') return { problem: 'id-serial-empty', meant: formatId(vendorId, productId) };
  return { by: 'id', vendorId, productId, serial };
}

function hex(digits: string): number | undefined {
  return /^([0-9a-f]{4}|0x[0-9a-f]{1,4})$/i.test(digits) ? Number.parseInt(digits, 16) : undefined;
}

function padded(vendor: string, product: string): string | undefined {
  const some = /^(0x)?[0-9a-f]{1,4}$/i;
  if (!some.test(vendor) || !some.test(product)) return undefined;
  return formatId(Number.parseInt(vendor, 16), Number.parseInt(product, 16));
}

function port(text: string): Meaning | Wrong {
  const [, bus = '', rest = ''] = /^(\d+)-(.*)$/.exec(text) ?? [];
  const read = chain(rest, 'port-form');
  if (!Array.isArray(read)) return read;
  if (!/^\d{1,4}$/.test(bus)) return { problem: 'port-form' };
  if (bus.startsWith('0')) return { problem: 'port-zero', meant: withoutZeros(Number(bus), read) };
  return { by: 'port', bus: Number(bus), chain: read };
}

function withoutZeros(bus: number, ports: readonly number[]): string | undefined {
  return bus === 0 ? undefined : formatPort({ bus, chain: ports });
}

function chain(text: string, otherwise: SelectorProblem): number[] | Wrong {
  if (!/^\d{1,3}(\.\d{1,3})*$/.test(text)) return { problem: otherwise };
  const parts = text.split('.');
  if (parts.some((part) => part.startsWith('0') || Number(part) > 255)) return { problem: 'port-zero' };
  return parts.length > DEEPEST ? { problem: 'port-depth' } : parts.map(Number);
}

function location(text: string): Meaning | Wrong {
  const [, kind = '', controller = '', rest] = /^(pci|platform)-([^/]*)(?:\/(.*))?$/is.exec(text) ?? [];
  const lower = controller.toLowerCase();
  if (kind.toLowerCase() === 'platform' ? controller === '' : !isPciAddress(lower)) {
    const short = isPciAddress(`0000:${lower}`) && rest !== undefined;
    return { problem: 'location-controller', meant: short ? `pci-0000:${lower}/${rest}` : undefined };
  }
  if (rest === undefined || rest === '') return { problem: 'location-without-port' };
  const read = chain(rest, 'location-port');
  if (!Array.isArray(read)) return read;
  return { by: 'location', controller: kind.toLowerCase() === 'pci' ? lower : controller, chain: read };
}

function address(text: string): Meaning | Wrong {
  const match = /^@0*(\d{1,4})[.:/]0*(\d{1,4})$/.exec(text);
  if (match === null) return { problem: 'address-form' };
  const [bus, device] = [Number(match[1]), Number(match[2])];
  if (bus < 1 || device < 1 || device > 127) return { problem: 'address-range' };
  const plain = `@${bus}.${device}`;
  return plain === text ? { by: 'address', bus, address: device } : { problem: 'address-form', meant: plain };
}

function nodePath(text: string): Wrong {
  const match = /0*(\d+)\/0*(\d+)$/.exec(text);
  return { problem: 'node-path', meant: match === null ? undefined : `@${match[1]}.${match[2]}` };
}

function interfaceName(text: string): Wrong {
  const device = parseInterfaceName(text)?.device ?? '';
  return { problem: 'interface-name', meant: parsePortName(device)?.chain.length ? device : undefined };
}

function keyed(key: string, value: string): Meaning | Wrong {
  switch (key.toLowerCase()) {
    case 'serial':
      return value === '' ? { problem: 'serial-empty' } : { by: 'serial', serial: value };
    case 'class': {
      const digits = /^(?:0x)?([0-9a-f]{1,2})$/i.exec(value)?.[1];
      return digits === undefined ? { problem: 'class-form' } : { by: 'class', class: Number.parseInt(digits, 16) };
    }
    default: {
      const known = nearest(key, ['serial', 'class']);
      return { problem: 'key-unknown', meant: known === undefined ? undefined : `${known}=${value}` };
    }
  }
}

function quoted(text: string): Meaning | Wrong {
  const quote = text.charAt(0);
  if (text.length < 2 || !text.endsWith(quote)) return { problem: 'quote-open', meant: `${text}${quote}` };
  const inside = text.slice(1, -1).trim();
  return inside === '' ? { problem: 'empty' } : words(inside);
}

function words(text: string): Meaning {
  return { by: 'words', words: text.toLowerCase().split(/\s+/) };
}

/** @returns the error of a selector in words, or undefined if it is valid: for the findings of a VM file */
export function selectorFault(text: string): string | undefined {
  const parsed = parseSelector(text);
  if (isSelector(parsed)) return undefined;
  const { why, what, fix } = describe(parsed);
  return `${why ?? what}${fix === undefined ? '' : ` (${fix})`}`;
}
