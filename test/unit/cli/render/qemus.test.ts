import pico from 'picocolors';
import { expect, test } from 'vitest';
import { renderQemus } from '../../../../src/cli/render/qemus.js';
import type { Monitor, QemuProcess } from '../../../../src/processes/index.js';
import type { HostQemu } from '../../../../src/vm/index.js';

const terminal = { outColors: pico.createColors(false), columns: undefined };

function qemu(pid: number, more: Partial<QemuProcess> = {}): QemuProcess {
  return {
    process: { pid, startTime: 1, bootId: 'boot' },
    ...{ uid: 0, program: 'qemu-system-x86_64', name: undefined, machine: undefined, monitors: [] },
    ...{ launcher: undefined, container: undefined },
    namespaces: { mount: undefined, network: undefined, pid: undefined, user: undefined },
    ...more,
  };
}

const monitor = (protocol: Monitor['protocol'], place: Monitor['place']): Monitor => ({ protocol, place });

test('no QEMU', () => {
  expect(renderQemus([], terminal)).toBe('no QEMU runs on this host');
});

test('a row for each, and what those lack that have no word', () => {
  const vms: HostQemu[] = [
    {
      qemu: qemu(1, {
        ...{ name: 'bench', machine: 'q35', launcher: 'qplug' },
        monitors: [monitor('qmp', { kind: 'unix', path: '/run/a', listens: true })],
      }),
      word: 'bench',
      add: undefined,
    },
    {
      qemu: qemu(2, {
        ...{ name: 'windows', machine: 'q35', launcher: 'dockur', container: 'a'.repeat(64) },
        monitors: [
          monitor('qmp', { kind: 'tcp', host: '::1', port: 7200, listens: true }),
          monitor('hmp', { kind: 'other', what: 'telnet:localhost:7100' }),
          monitor('qmp', { kind: 'tcp', host: '', port: 1, listens: false }),
        ],
      }),
      word: 'pid:2',
      add: undefined,
    },
    {
      qemu: qemu(3, { monitors: [monitor('hmp', { kind: 'other', what: 'vc' })] }),
      word: undefined,
      add: ['-qmp', 'x'],
    },
    {
      qemu: qemu(4, { monitors: [monitor('qmp', { kind: 'other', what: 'vc' })] }),
      word: undefined,
      add: ['-qmp', 'x'],
    },
    { qemu: qemu(5), word: undefined, add: ['-qmp', 'x'] },
    { qemu: qemu(6, { monitors: [monitor('qmp', { kind: 'fd', fd: 30 })] }), word: undefined, add: undefined },
    { qemu: qemu(7, { isHint: true }), word: undefined, add: undefined },
  ];
  expect(renderQemus(vms, terminal).split('\n')).toEqual([
    'VM     PID  NAME     MACHINE  STARTED BY                      MONITORS',
    'bench  1    bench    q35      qplug                           qmp /run/a',
    'pid:2  2    windows  q35      dockur, container aaaaaaaaaaaa  qmp tcp:[::1]:7200, hmp telnet:localhost:7100, qmp tcp::1 (client)',
    '-      3    -        -        -                               hmp vc',
    '-      4    -        -        -                               qmp vc',
    '-      5    -        -        -                               -',
    '-      6    -        -        -                               qmp fd 30',
    '-      7    -        -        -                               -',
    '',
    '3 has only a monitor for people: start it with -qmp x',
    "4 has a QMP monitor that qplug can't reach: start it with -qmp x",
    '5 has no monitor: start it with -qmp x',
    '6 has a QMP monitor, but not where this user sees it: name the VM by that socket',
    '7 belongs to another user: run qplug as that user, or as root',
  ]);
});

test('a narrow terminal cuts the monitors, never a word', () => {
  const monitors = [monitor('qmp', { kind: 'unix', path: `/run/${'long'.repeat(15)}`, listens: true })];
  const [, row] = renderQemus([{ qemu: qemu(1, { monitors }), word: 'pid:1', add: undefined }], {
    ...terminal,
    columns: 60,
  }).split('\n');
  expect(row).toMatch(/^pid:1 {2}1 .*…$/);
  expect(row?.length).toBe(60);
});
