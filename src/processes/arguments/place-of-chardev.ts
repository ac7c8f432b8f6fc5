import type { MonitorPlace } from '../monitor.js';
import { isOn, type Properties } from './read-properties.js';

/** The longest path of a Unix socket, the longest host name, and words for any other place that are kept, in characters. */
const LONGEST_PATH = 107;
const LONGEST_HOST = 255;
const MOST_CHARACTERS = 1024;

/** Protocols that a client would have to speak below QMP. */
const PROTOCOLS = ['telnet', 'tn3270', 'websocket'];

/**
 * @param chardev - the properties of a character device (chardev/char-socket.c, qemu_chr_parse_socket)
 * @param knowsFolder - whether the folder of relative paths can still be found
 * @returns where it is; `other` also for sockets that cannot be told by their arguments: another protocol, an abstract name, a port that
 *   the kernel or getaddrinfo(3) chooses
 */
export function placeOfChardev(chardev: Properties, knowsFolder: boolean): MonitorPlace {
  const backend = chardev.get('backend') ?? '';
  const path = chardev.get('path');
  if (backend !== 'socket') return other(path === undefined ? backend : `${backend}:${path}`);
  const listens = isOn(chardev, 'server', false);
  const protocol = PROTOCOLS.find((one) => isOn(chardev, one, false)) ?? (chardev.has('tls-creds') ? 'tls' : undefined);
  const fd = chardev.get('fd');
  if (path !== undefined) {
    const isPlain =
      protocol === undefined && path !== '' && path.length <= LONGEST_PATH && !isOn(chardev, 'abstract', false);
    if (isPlain && (knowsFolder || path.startsWith('/'))) return { kind: 'unix', path, listens };
    return other(`${protocol ?? 'unix'}:${path}${isOn(chardev, 'abstract', false) ? ',abstract=on' : ''}`);
  }
  if (fd !== undefined) {
    const number = /^\d{1,9}$/.test(fd) && protocol === undefined ? Number(fd) : undefined;
    return number === undefined ? other(`${protocol ?? 'fd'}:${fd}`) : { kind: 'fd', fd: number };
  }
  const host = chardev.get('host');
  const port = chardev.get('port') ?? '';
  const number = portOf(port);
  if (
    host === undefined ||
    host.length > LONGEST_HOST ||
    number === undefined ||
    protocol !== undefined ||
    chardev.has('to')
  )
    return other(`${protocol ?? 'tcp'}:${host ?? ''}:${port}`);
  return { kind: 'tcp', host, port: number, listens };
}

function other(what: string): MonitorPlace {
  return { kind: 'other', what: what.slice(0, MOST_CHARACTERS) };
}

/** @returns undefined for the name of a service, 0 (the kernel chooses), and numbers that getaddrinfo(3) takes modulo 65536 */
function portOf(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : undefined;
}
