/** A TCP host and port; `network`: the pid of a process in whose network namespace they count (default: this process's). */
export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  readonly network?: number | undefined;
}

/** `tcp:HOST:PORT`, or `tcp:[HOST]:PORT` for IPv6; before it `pid:PID/` for `network`. */
const TCP = /^(?:pid:([1-9]\d{0,9})\/)?tcp:(?:\[([^[\]]*)\]|([^[\]:]*)):(\d{1,5})$/;

const MOST_PORT = 65_535;

/** @returns the address as people write it: `tcp:HOST:PORT`, `tcp:[HOST]:PORT` for IPv6, `pid:PID/tcp:HOST:PORT`. Not yet `printable`. */
export function formatTcpAddress({ host, port, network }: TcpAddress): string {
  const tcp = `tcp:${host.includes(':') ? `[${host}]` : host}:${port}`;
  return network === undefined ? tcp : `pid:${network}/${tcp}`;
}

/** @returns the address that `formatTcpAddress` writes so; undefined for any other text, and for a host or a port that can't be */
export function parseTcpAddress(text: string): TcpAddress | undefined {
  const [, network, v6, name, digits] = TCP.exec(text) ?? [];
  const host = v6 ?? name ?? '';
  const port = Number(digits);
  if (host === '' || !(port >= 1 && port <= MOST_PORT) || /[\0- \x7f]/.test(host)) return undefined;
  return network === undefined ? { host, port } : { host, port, network: Number(network) };
}
