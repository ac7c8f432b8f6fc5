import { describe, expect, test } from 'vitest';
import { finding, printable, describe as words } from '../../../src/diag/index.js';

const HOSTILE = '/run/\u001b[31m\u202e\nvm';

describe('the words of QMP findings', () => {
  test.each([
    finding('qmp-no-socket', { address: HOSTILE }),
    finding('qmp-refused', { address: HOSTILE }),
    finding('qmp-permission', { address: HOSTILE }),
    finding('qmp-not-qmp', { address: HOSTILE, received: HOSTILE }),
    finding('qmp-busy', { address: HOSTILE }),
    finding('qmp-ended-early', { address: HOSTILE, timeout: 5 }),
    finding('qmp-path-too-long', { address: HOSTILE, bytes: 200, limit: 107 }),
    finding('qmp-message-too-large', { address: HOSTILE, limit: 5 }),
    finding('qmp-capabilities-refused', { address: HOSTILE, class: HOSTILE, desc: HOSTILE }),
    finding('qmp-connect-failed', { address: HOSTILE, errno: HOSTILE }),
    finding('qmp-malformed', { address: HOSTILE, encoding: 'json', received: HOSTILE }),
    finding('qmp-unsendable', { command: HOSTILE, problem: HOSTILE }),
    finding('qmp-command-failed', { command: HOSTILE, class: HOSTILE, desc: HOSTILE }),
    finding('qmp-timeout', { address: HOSTILE, command: HOSTILE, timeout: 1 }),
    finding('qmp-event-timeout', { address: HOSTILE, event: HOSTILE, timeout: 1 }),
    finding('qmp-closed', { address: HOSTILE, reason: 'shutdown', awaited: HOSTILE, state: 'event', detail: HOSTILE }),
    finding('qmp-wait-given-up', { event: HOSTILE }),
    finding('qmp-unknown-reply', { id: HOSTILE }),
    finding('qmp-unknown-message', { received: HOSTILE }),
  ])('$code with hostile evidence shows nothing raw and offers no command with it', (found) => {
    const { what, where, why, fix } = words(found);
    const shown = [what, where, why, fix].join('').replaceAll('\\', '');
    expect(printable(shown, 10_000)).toBe(shown);
    expect(fix).toBeUndefined();
  });

  test('a path that a shell would take apart is quoted in the fix', () => {
    const { fix } = words(finding('qmp-permission', { address: "/run/it's mine" }));
    expect(fix).toBe(`sudo chown "$USER" '/run/it'\\''s mine'`);
  });

  test('a socket in the root of another process: no command that would follow its links', () => {
    const address = '/proc/7/root/run/vm.qmp';
    expect(words(finding('qmp-permission', { address })).fix).toBeUndefined();
    const more = 'start QEMU with one more: -qmp unix:/run/vm.qmp.2,server=on,wait=off';
    expect(words(finding('qmp-busy', { address })).fix).toBe(more);
  });

  test('a busy socket is told with the command that finds its holder', () => {
    expect(words(finding('qmp-busy', { address: '/run/vm.qmp', timeout: 5000 }))).toEqual({
      what: 'another client holds the QMP socket',
      where: '/run/vm.qmp',
      why: 'QEMU accepted the connection but sent no greeting within 5000 ms; it serves one client at a time',
      fix:
        '# find the holder:\n' +
        `ss -xp | grep -w "$(ss -x | awk -v socket=/run/vm.qmp '$5 == socket { print $8 }')"\n` +
        '# or start QEMU with one more: -qmp unix:/run/vm.qmp.2,server=on,wait=off',
    });
  });

  test.each([
    ['by-us', undefined, 'qplug closed it'],
    ['shutdown', 'guest-shutdown', 'the VM shut down (guest-shutdown)'],
    ['eof', undefined, 'QEMU closed it; it may have been killed'],
    ['error', 'ECONNRESET', 'the connection failed (ECONNRESET)'],
    ['protocol', 'garbage', 'QEMU broke the protocol (garbage)'],
  ] as const)('an end of kind %s says why', (reason, detail, why) => {
    const evidence = { address: '/run/vm.qmp', reason, awaited: 'cont', state: 'in-flight', detail } as const;
    expect(words(finding('qmp-closed', evidence)).why).toBe(why);
  });
});
