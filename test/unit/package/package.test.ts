import { execFileSync, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const top = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8'));
let folder: string;
let installed: string;

/** Packs what `npm run build` made and lays it where a user's project would have it. */
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'package-'));
  installed = join(folder, 'node_modules/qplug');
  mkdirSync(installed, { recursive: true });
  const quiet = ['--silent', '--ignore-scripts'];
  const name = execFileSync('npm', ['pack', ...quiet, '--pack-destination', folder], { cwd: top, encoding: 'utf8' });
  execFileSync('tar', ['-xzf', join(folder, name.trim()), '-C', installed, '--strip-components=1']);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(script: string): string {
  writeFileSync(join(folder, 'user.mjs'), script);
  return execFileSync(process.execPath, ['user.mjs'], { cwd: folder, encoding: 'utf8' });
}

describe('the package', () => {
  test('has every file that its exports and its command name', () => {
    const targets = Object.values(manifest.exports as Record<string, { types: string; default: string } | string>)
      .flatMap((entry) => (typeof entry === 'string' ? [] : [entry.types, entry.default]))
      .concat(manifest.bin.qplug);
    expect(targets.filter((target) => !existsSync(join(installed, target)))).toEqual([]);
  });

  describe('needs one other package', () => {
    const hasOwn = process.getBuiltinModule?.('node:sqlite') !== undefined;
    let runtime: string;
    beforeAll(() => {
      runtime = join(folder, 'run');
      mkdirSync(runtime, { mode: 0o700 });
    });

    /** Runs the command. The last line of its output says which libraries it has loaded. */
    function command(...words: string[]): SpawnSyncReturns<string> {
      const env = { PATH: process.env['PATH'], QPLUG_RUNTIME_DIR: runtime, QPLUG_STATE_DIR: join(folder, 'state') };
      const witness = `
        import { readFileSync, writeSync } from 'node:fs';
        process.on('exit', () => {
          const loaded = [
            process.moduleLoadList.some((name) => /\\bsqlite$/.test(name)) ? ['node:sqlite'] : [],
            readFileSync('/proc/self/maps', 'utf8').includes('libsql') ? ['libsql'] : [],
          ].flat();
          writeSync(1, 'loaded: ' + loaded.join() + '\\n');
        });`;
      writeFileSync(join(folder, 'witness.mjs'), witness);
      const args = ['--import', join(folder, 'witness.mjs'), join(installed, manifest.bin.qplug), ...words];
      return spawnSync(process.execPath, args, { env, encoding: 'utf8' });
    }
    const loadedBy = ({ stdout }: SpawnSyncReturns<string>): string | undefined => /^loaded: (.*)$/m.exec(stdout)?.[1];

    test('and no database library where nothing is claimed', () => {
      expect(Object.keys(manifest.dependencies)).toEqual(['libsql']);
      for (const words of [['claims'], ['devices']]) {
        const told = command(...words);
        expect([words, told.status, loadedBy(told)]).toEqual([words, 0, '']);
      }
    });

    test("where something is claimed: Node's own, without a word about it, or else that package", () => {
      cpSync(join(top, 'test/fixtures/stores/claims-1.db'), join(runtime, 'claims.db'));
      const told = command('claims');
      // the package is not installed here
      const missing = [1, expect.stringContaining('the database library is missing'), ''];
      expect([told.status, told.stderr, loadedBy(told)]).toEqual(
        hasOwn ? [0, expect.not.stringContaining('Warning'), 'node:sqlite'] : missing,
      );
    });
  });

  test('gives the engine, the QMP client and the planner', () => {
    const script = `
      import { attach, openVm, statusOf } from 'qplug';
      import { connect } from 'qplug/qmp';
      import { plan } from 'qplug/planner';
      console.log([attach, openVm, statusOf, connect, plan].map((one) => typeof one).join());`;
    expect(run(script).trim()).toBe('function,function,function,function,function');
  });

  test('gives its schemas', () => {
    const script = `
      import schema from 'qplug/schemas/vm.schema.json' with { type: 'json' };
      console.log(schema.$id);`;
    expect(run(script)).toContain('qplug');
  });

  test('has a command that tells its version', () => {
    const told = execFileSync(process.execPath, [join(installed, manifest.bin.qplug), '--version'], {
      encoding: 'utf8',
    });
    expect(told.trim()).toBe(manifest.version);
  });
});
