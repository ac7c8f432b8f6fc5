/*
 * `opener.mjs NODE SECONDS`: opens a device node as soon as it can, and for as long as it may try. Prints `ready`, then `opened` when it could.
 */
import { closeSync, openSync } from 'node:fs';

const [node = '', seconds = '60'] = process.argv.slice(2);
const end = Date.now() + Number(seconds) * 1000;
console.log('ready');
while (Date.now() < end) {
  try {
    closeSync(openSync(node, 'r+'));
    console.log('opened');
    break;
  } catch (error) {
    if (error.code !== 'EACCES') throw error;
  }
}
