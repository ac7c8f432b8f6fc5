/** The least that a script can do: `raw-attach.mjs SOCKET COUNT` plugs that many tablets and checks that QEMU took each. */
import { createConnection } from 'node:net';

const [, , socket = '', count = '1'] = process.argv;
const client = createConnection(socket);
let rest = '';
let answers = 0;
client.setEncoding('utf8').on('data', (text) => {
  const lines = (rest + text).split('\r\n');
  rest = lines.pop() ?? '';
  for (const line of lines) take(JSON.parse(line));
});

function take(message) {
  if (message.QMP !== undefined) {
    client.write('{"execute":"qmp_capabilities"}\n');
    for (let n = 1; n <= Number(count); n += 1) {
      const device = { driver: 'usb-tablet', id: `tablet${n}`, bus: 'x.0', port: String(n) };
      client.write(`${JSON.stringify({ execute: 'device_add', arguments: device })}\n`);
    }
    return;
  }
  if (message.error !== undefined) throw new Error(message.error.desc);
  if (message.return !== undefined) answers += 1;
  if (answers === Number(count) + 1) client.end();
}
