import { expect, it } from 'vitest';
import { QplugError } from '../../../../src/diag/index.js';
import { parseVmWord } from '../../../../src/vm/target/vm-word.js';

it.each([
  ['tcp:127.0.0.1:4444', { by: 'tcp', socket: 'tcp:127.0.0.1:4444' }],
  ['tcp:[::1]:4444', { by: 'tcp', socket: 'tcp:[::1]:4444' }],
  ['tcp:rig.example:7149', { by: 'tcp', socket: 'tcp:rig.example:7149' }],
  ['pid:4242', { by: 'pid', pid: 4242 }],
  ['container:WinBoat', { by: 'container', container: 'WinBoat' }],
  ['container:podman/my_vm.1-a', { by: 'container', container: 'podman/my_vm.1-a' }],
])('reads %s', (word, means) => {
  expect(parseVmWord(word)).toEqual(means);
});

it.each(['bench', './tcp:x', '/run/qmp.sock', 'tcp', 'pid', 'TCP:1:2', 'vm.yaml'])(
  'leaves %s to names and paths',
  (word) => {
    expect(parseVmWord(word)).toBeUndefined();
  },
);

it.each([
  ...['tcp:', 'tcp:4444', 'tcp::4444', 'tcp:h:0', 'tcp:h:65536', 'tcp:h:4e3', 'tcp:::1:4444', 'tcp:a b:1', 'tcp:h:1\n'],
  ...['tcp:[::1]', 'pid:', 'pid:0', 'pid:-1', 'pid:4194305', 'pid:1x', 'pid: 1', 'pid:0x10'],
  ...['container:', 'container:-f', 'container:--help', 'container:a b', 'container:docker/-f', 'container:a/b/c'],
  ...['container:../x', 'container:x\n', `container:${'a'.repeat(300)}`],
])('refuses %j, and names the form', (word) => {
  let thrown: unknown;
  try {
    parseVmWord(word);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(QplugError);
  expect((thrown as QplugError).findings.map(({ code }) => code)).toEqual(['vm-word-wrong']);
});
