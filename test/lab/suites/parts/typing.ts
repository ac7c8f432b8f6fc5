import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withoutComment } from '../../../documents/documents.js';
import type { Lab } from '../../inside/lab.js';
import { qplug, type Said } from './qplug.js';

/** A folder to type in, with `qplug` in the PATH; the stick is plugged in. */
export async function sitDown(lab: Lab): Promise<(line: string) => Promise<Said>> {
  const disk = join(lab.folder, 'stick');
  writeFileSync(disk, new Uint8Array(1 << 20));
  await lab.gadget({
    id: '0781:5567',
    speed: 5000,
    functions: ['mass_storage'],
    product: 'Cruzer Blade',
    serial: '4C530001',
    file: disk,
  });
  await lab.until('the stick is ready', () => [...lab.device('0781:5567').drivers.values()].includes('usb-storage'));
  const [cwd, bin] = [join(lab.folder, 'here'), join(lab.folder, 'bin')];
  mkdirSync(cwd);
  mkdirSync(bin);
  symlinkSync(join(lab.root, 'dist/cli/main.js'), join(bin, 'qplug'));
  const env = { PATH: [bin, dirname(process.execPath), process.env['PATH']].join(':') };
  const home = process.cwd();
  process.chdir(cwd);
  lab.defer(() => process.chdir(home));
  return async (line) => {
    const [program, ...words] = withoutComment(line).split(' ');
    const { code, out, err } =
      program === 'qplug' && !asProcess.includes(withoutComment(line))
        ? await qplug(words)
        : await inShell(lab, line, { cwd, env });
    lab.log(`$ ${line}\n${out}${err}[${code}]`);
    return { code, out, err };
  };
}

/** Lines that are typed in a shell, as a person would; the others run in this process, which saves the start of Node. */
const asProcess: readonly string[] = ['qplug attach ./qmp.sock 0781:5567', 'qplug run bench.yaml --detach'];

async function inShell(lab: Lab, line: string, where: { cwd: string; env: Record<string, string> }): Promise<Said> {
  const { code, stdout, stderr } = await lab.exec(['sh', '-c', line], where);
  return { code: code ?? -1, out: stdout, err: stderr };
}
