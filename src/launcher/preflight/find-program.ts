import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { ownUid, throwIfShort, type Untrusted, untrusted } from '../../base/index.js';
import { fail } from '../../diag/index.js';

/**
 * Finds a program as execvp does, but only in absolute folders of PATH: an empty entry would be the current folder. Root runs only a
 * program that no other user can change or replace, because PATH may be that of the user who ran sudo.
 *
 * @param binary - a name, or a path with a slash, which is used unchanged
 * @param path - the value of PATH
 * @returns its path
 * @throws QplugError `qemu-missing`, `qemu-not-executable`, `qemu-untrusted`
 */
export async function findProgram(binary: string, path: string): Promise<string> {
  const isPath = binary.includes('/');
  const places = isPath
    ? [binary]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, binary));
  let refused: { file: string; reason: string } | undefined;
  let others: { file: string; why: Untrusted } | undefined;
  for (const file of places) {
    const reason = await whyNotExecutable(file);
    const why = reason !== undefined || isPath || ownUid() !== 0 ? undefined : changeable(file);
    if (why !== undefined) {
      others ??= { file, why };
      continue;
    }
    if (reason === undefined) return file;
    if (reason !== 'missing') refused ??= { file, reason };
  }
  if (refused !== undefined) throw fail('qemu-not-executable', { binary: refused.file, reason: refused.reason });
  if (others !== undefined) throw fail('qemu-untrusted', { binary: others.file, ...others.why });
  throw fail('qemu-missing', { binary, path: isPath ? '' : path, package: packageOf(binary) });
}

/** Checks the file and its folder: another user could redirect a link in that user's folder later. */
function changeable(file: string): Untrusted | undefined {
  return untrusted(dirname(file)) ?? untrusted(file);
}

async function whyNotExecutable(file: string): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return 'it is not a file';
    await access(file, constants.X_OK);
    return undefined;
  } catch (error) {
    throwIfShort(error);
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : message;
  }
}

/** Debian's packages by the emulated machine; all others are in qemu-system-misc. */
const PACKAGES: Readonly<Record<string, string>> = {
  x86_64: 'qemu-system-x86',
  i386: 'qemu-system-x86',
  aarch64: 'qemu-system-arm',
  arm: 'qemu-system-arm',
  ppc: 'qemu-system-ppc',
  ppc64: 'qemu-system-ppc',
  mips: 'qemu-system-mips',
  mipsel: 'qemu-system-mips',
  mips64: 'qemu-system-mips',
  mips64el: 'qemu-system-mips',
  sparc: 'qemu-system-sparc',
  sparc64: 'qemu-system-sparc',
  s390x: 'qemu-system-s390x',
  riscv32: 'qemu-system-misc',
  riscv64: 'qemu-system-misc',
  loongarch64: 'qemu-system-misc',
};

function packageOf(binary: string): string | undefined {
  const target = /^qemu-system-(\w+)$/.exec(basename(binary))?.[1] ?? '';
  return Object.hasOwn(PACKAGES, target) ? PACKAGES[target] : undefined;
}
