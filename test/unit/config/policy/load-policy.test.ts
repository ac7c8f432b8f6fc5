import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadPolicy, POLICY_FILE } from '../../../../src/config/index.js';
import { type QplugError, describe as words } from '../../../../src/diag/index.js';

const folder = mkdtempSync(join(tmpdir(), 'qplug-policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const load = (path: string) => loadPolicy(path, () => undefined);

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the policy of a host', () => {
  test('stands in /etc', () => {
    expect(POLICY_FILE).toBe('/etc/qplug/policy.yaml');
  });

  test('is read, with the accounts of this host', async () => {
    expect(await load(file('good.yaml', 'deny: [{ user: root }]'))).toMatchObject({ deny: [{ uid: 0 }] });
  });

  test('that is not there allows everything', async () => {
    expect(await load(join(folder, 'none.yaml'))).toBeUndefined();
  });

  test.each([
    ['a link that leads nowhere', () => symlinkSync('nowhere', join(folder, 'dangling.yaml')), 'dangling.yaml'],
    ['a link to itself', () => symlinkSync('loop.yaml', join(folder, 'loop.yaml')), 'loop.yaml'],
    ['a folder', () => undefined, ''],
    ['no UTF-8', () => file('bytes.yaml', Uint8Array.of(0x7b, 0xff, 0x7d)), 'bytes.yaml'],
    ['too long', () => file('long.yaml', `#${'x'.repeat(256 * 1024)}\n{}`), 'long.yaml'],
    ['a pipe', () => execFileSync('mkfifo', [join(folder, 'pipe.yaml')]), 'pipe.yaml'],
    ['a device', () => symlinkSync('/dev/zero', join(folder, 'device.yaml')), 'device.yaml'],
    ['below a file', () => file('plain', 'x'), 'plain/policy.yaml'],
  ])('that can not be read forbids everything: %s', async (_, make, name) => {
    make();
    await expect(load(join(folder, name))).rejects.toMatchObject({ code: 'policy-unusable' });
  });

  const refused = async (path: string): Promise<{ why?: string | undefined; fix?: string | undefined }> => {
    const error = (await load(path).catch((thrown: unknown) => thrown)) as QplugError;
    expect(error.findings.map(({ code }) => code)).toEqual(['policy-unusable', 'policy-untrusted']);
    const [, found] = error.findings;
    return found === undefined ? {} : words(found);
  };

  test('that others can change forbids everything', async () => {
    const open = file('open.yaml', '{}');
    chmodSync(open, 0o664);
    expect(await refused(open)).toMatchObject({
      why: `other users can write to ${open} (mode 0664)`,
      fix: `chmod go-w ${open}`,
    });
    const inside = join(folder, 'inside');
    mkdirSync(inside);
    const replaced = file('inside/policy.yaml', '{}');
    chmodSync(inside, 0o777);
    expect(await refused(replaced)).toMatchObject({ fix: `chmod go-w ${inside}` });
  });

  test.runIf(process.getuid?.() === 0)('that belongs to somebody else forbids everything', async () => {
    const theirs = file('theirs.yaml', '{}');
    chownSync(theirs, 65534, 65534);
    expect(await refused(theirs)).toMatchObject({
      why: `${theirs} belongs to user 65534`,
      fix: `chown root: ${theirs}`,
    });
  });
});
