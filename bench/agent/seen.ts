import { Socket } from 'node:net';

/** When the first command that holds a text was written to a socket, and when the next piece of an answer came to the same socket. */
export interface Seen {
  readonly text: string;
  sent?: number;
  answered?: number;
  socket?: Socket;
}
let watched: Seen | undefined;

/** Notes the times of the next command of that kind; undefined: of none. */
export function watchFor(seen: Seen | undefined): void {
  watched = seen;
}

const { write, push } = Socket.prototype;
Socket.prototype.write = function (this: Socket, ...args: Parameters<typeof write>) {
  if (watched !== undefined && watched.sent === undefined && String(args[0]).includes(watched.text)) {
    watched.sent = performance.now();
    watched.socket = this;
  }
  return Reflect.apply(write, this, args) as boolean;
} as typeof write;
Socket.prototype.push = function (this: Socket, ...args: Parameters<typeof push>) {
  if (watched?.socket === this && watched.answered === undefined) watched.answered = performance.now();
  return Reflect.apply(push, this, args);
};
