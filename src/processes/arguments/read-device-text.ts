import { type Properties, readProperties } from './read-properties.js';

/** Protocols over TCP, and the flag of a socket that each sets. */
const OVER_TCP: Readonly<Record<string, string | undefined>> = {
  tcp: undefined,
  telnet: 'telnet',
  tn3270: 'tn3270',
  websocket: 'websocket',
};

/**
 * Reads the argument of `-monitor`, `-qmp`, `-serial`, … (chardev/char.c, qemu_chr_parse_compat): `unix:PATH,server=on`, `tcp:HOST:PORT`,
 * `stdio`, `mon:stdio`, … What `mon:` adds, a multiplexer, does not change where it is.
 *
 * @returns the properties of its character device; undefined for a text that QEMU refuses
 */
export function readDeviceText(given: string): Properties | undefined {
  const text = given.startsWith('mon:') ? given.slice(4) : given;
  const colon = text.indexOf(':');
  const scheme = colon < 0 ? '' : text.slice(0, colon);
  const rest = text.slice(colon + 1);
  if (scheme === 'unix') return readProperties(rest, 'path').set('backend', 'socket');
  if (Object.hasOwn(OVER_TCP, scheme)) return overTcp(rest, OVER_TCP[scheme]);
  if (scheme === 'file' || scheme === 'pipe' || scheme === 'pty') return device(scheme, rest);
  if (scheme === 'udp') return device('udp', rest);
  if (text.startsWith('vc')) return device('vc');
  if (text === 'con:') return device('console');
  if (/^\/dev\/(?:parport|ppi)/.test(text)) return device('parallel', text);
  if (text.startsWith('/dev/') || text.startsWith('COM')) return device('serial', text);
  if (/^(?:null|pty|msmouse|wctablet|braille|testdev|stdio)$/.test(text)) return device(text);
  return undefined;
}

function device(backend: string, path?: string): Properties {
  return new Map([['backend', backend], ...(path === undefined ? [] : [['path', path] as const])]);
}

/** `HOST:PORT`, or `:PORT`; the legacy form takes no IPv6 address. */
function overTcp(rest: string, flag: string | undefined): Properties | undefined {
  const [whole = '', host = '', port] = /^([^:]{0,64}):([^,]{1,32})/.exec(rest) ?? [];
  if (port === undefined) return undefined;
  const more = rest[whole.length] === ',' ? readProperties(rest.slice(whole.length + 1)) : new Map<string, string>();
  const first = new Map([
    ['host', host],
    ['port', port],
  ]);
  const own: [string, string][] = [
    ['backend', 'socket'],
    ...(flag === undefined ? [] : [[flag, 'on'] as [string, string]]),
  ];
  return new Map([...first, ...more, ...own]);
}
