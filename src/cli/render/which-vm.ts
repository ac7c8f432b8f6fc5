import { printable } from '../../diag/index.js';

/** @returns the VM that was adopted by this socket, port or container, in words */
export function whichVm(socket: string): string {
  if (socket.startsWith('/')) return `the VM with the socket ${printable(socket)}`;
  return socket.startsWith('container:') ? `the VM in ${printable(socket)}` : `the VM at ${printable(socket)}`;
}
