import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseVmFile } from '../../../../src/config/index.js';
import { describe as words } from '../../../../src/diag/index.js';
import { preflight } from '../../../../src/launcher/index.js';
import { findRunAs, mayOpen } from '../../../../src/launcher/process/run-as.js';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'qplug-run-as-'));
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (user: string, more = '') =>
  parseVmFile(`accel: [tcg]\nqemu: { user: ${user} }\n${more}`, join(folder, 'vm.yaml'));

async function found(user: string, uid?: number) {
  const { as, findings } = await findRunAs(await fileOf(user), uid);
  return { as, codes: findings.map(({ code, location }) => `${code} ${location?.line}:${location?.column}`) };
}

describe('the user that a file names', () => {
  test('none: QEMU runs as whoever runs qplug', async () => {
    expect(await findRunAs(await parseVmFile('{}', 'vm.json'))).toEqual({ as: undefined, findings: [] });
  });

  test('root starts it as that user, with the first group of that user and no other', async () => {
    expect(await found('nobody', 0)).toEqual({ as: { user: 'nobody', uid: NOBODY, gid: NOBODY }, codes: [] });
  });

  test('one that is not there, root itself, and somebody who is not root: each told at its line', async () => {
    expect(await found('no-such-user', 0)).toEqual({ as: undefined, codes: ['user-unknown 2:15'] });
    expect(await found('root', 0)).toEqual({ as: undefined, codes: ['user-is-root 2:15'] });
    expect(await found('nobody', 1234)).toEqual({ as: undefined, codes: ['user-needs-root 2:15'] });
  });

  test('whoever runs qplug needs no right to be it', async () => {
    expect(await found('nobody', NOBODY)).toEqual({ as: undefined, codes: [] });
  });

  test('what is no name is not asked of the system: numbers, options, paths', async () => {
    for (const user of ['65534', '-u', '+0', '../nobody', '', 'nobody root', 'nobody\n', 'x'.repeat(33)]) {
      const file = await parseVmFile('{}', 'vm.json');
      const { as, findings } = await findRunAs({ ...file, qemu: { ...file.qemu, user } }, 0);
      expect([as, findings.map(({ code }) => code)]).toEqual([undefined, ['user-unknown']]);
    }
  });

  test.each(['65534', "'-u'", "'a b'", '7up', `'${'x'.repeat(33)}'`])(
    'the schema refuses %s, and says how a name looks',
    async (user) => {
      await expect(fileOf(user)).rejects.toMatchObject({ findings: [{ location: { line: 2, column: 15 } }] });
    },
  );
});

describe('what that user may open', () => {
  const as = isRoot
    ? { user: 'nobody', uid: NOBODY, gid: NOBODY }
    : { user: userInfo().username, uid: userInfo().uid, gid: userInfo().gid };

  test('is what the kernel says of the file and of each folder before it', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed);
    for (const name of ['open.img', 'readable.img', 'none.img', 'closed/in.img']) writeFileSync(join(folder, name), '');
    if (isRoot) for (const name of ['open.img', 'closed/in.img']) chownSync(join(folder, name), as.uid, as.gid);
    chmodSync(join(folder, 'readable.img'), 0o444);
    chmodSync(join(folder, 'none.img'), 0o000);
    chmodSync(closed, isRoot ? 0o700 : 0o000);
    const may = async (name: string): Promise<boolean[]> =>
      Promise.all((['read', 'write'] as const).map((how) => mayOpen(join(folder, name), how, as)));
    expect(await may('open.img')).toEqual([true, true]);
    expect(await may('readable.img')).toEqual([true, false]);
    expect(await may('none.img')).toEqual([false, false]);
    expect(await may('closed/in.img')).toEqual([false, false]);
    expect([await mayOpen(folder, 'pass', as), await mayOpen(closed, 'pass', as)]).toEqual([true, false]);
    chmodSync(closed, 0o700);
    if (!isRoot) return;

    const drives = ['open', 'readable', 'closed/in'].map((name) => `{ file: ${name}.img }`).join(', ');
    const vm = await fileOf('nobody', `drives: [${drives}, { file: readable.img, readonly: true }]`);
    const { findings } = await preflight({ vm, as, searchPath: '/usr/bin' });
    expect(findings.map(words)).toEqual([
      {
        what: `\`nobody\` may not write the drive \`${folder}/readable.img\``,
        why: 'it belongs to 0:0 and has mode 0444',
        fix: `sudo chown nobody ${folder}/readable.img`,
        where: `${folder}/vm.yaml:3:38`,
      },
      {
        what: `\`nobody\` may not write the drive \`${folder}/closed/in.img\``,
        why: `the folder \`${folder}/closed\` belongs to 0:0 and has mode 0700`,
        fix: `sudo setfacl -m u:nobody:x ${folder}/closed`,
        where: `${folder}/vm.yaml:3:62`,
      },
    ]);
  });
});
