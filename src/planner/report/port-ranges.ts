import { comparePorts, parsePort } from '../../qdev/index.js';

/**
 * Names ports in short form: `xhci.0 ports 1-4`, `xhci.0 ports 1.1-1.8`, `uhci.0 port 2`.
 *
 * @param ports - any ports; neighbouring ports of one hub or root hub become one range
 */
export function portRanges(ports: readonly { readonly bus: string; readonly port: string }[]): string[] {
  const runs: { bus: string; first: string; last: string }[] = [];
  const buses = [...new Set(ports.map(({ bus }) => bus))];
  const sorted = buses.flatMap((bus) => {
    const own = ports.filter((one) => one.bus === bus);
    return own.sort((a, b) => depth(a.port) - depth(b.port) || comparePorts(a.port, b.port));
  });
  for (const { bus, port } of sorted) {
    const run = runs.at(-1);
    if (run?.bus === bus && follows(run.last, port)) run.last = port;
    else runs.push({ bus, first: port, last: port });
  }
  return runs.map(({ bus, first, last }) =>
    first === last ? `${bus} port ${first}` : `${bus} ports ${first}-${last}`,
  );
}

function depth(port: string): number {
  return port.split('.').length;
}

/** @returns whether the second port is the next one on the same root hub or hub */
export function follows(port: string, next: string): boolean {
  const [a, b] = [parsePort(port), parsePort(next)];
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((number, i) => (i === a.length - 1 ? number + 1 : number) === b[i]);
}
