import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { debianSources } from '../../../scripts/debian-sources.mjs';

const DEBIAN = `# comment
Types: deb deb-src
# in the middle
URIs: http://mirror.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`;
const SECURITY = `Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

describe("Debian's sources for another suite", () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'qplug-apt-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const trixie = (mirror?: string) => debianSources('trixie', { folder, mirror });

  test('a stanza keeps its mirrors and its key; suite and components are ours', () => {
    write('sources.list.d/debian.sources', `${SECURITY}\n${DEBIAN}`);
    expect(trixie()).toEqual({
      format: 'sources',
      text: `Types: deb
URIs: http://mirror.example/debian http://second.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc
`,
    });
  });

  test('a line keeps its mirror and its options', () => {
    const line = 'deb [arch=amd64 signed-by=/k.gpg]  http://mirror.example/debian bookworm main non-free # ours\n';
    write('sources.list', `# deb http://no.example bookworm main\ndeb-src http://no.example bookworm main\n${line}`);
    expect(trixie()).toEqual({
      format: 'list',
      text: 'deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian trixie main\n',
    });
  });

  test('a line without options', () => {
    write('sources.list.d/a.list', 'deb http://mirror.example/debian stable main\n');
    expect(trixie().text).toBe('deb http://mirror.example/debian trixie main\n');
  });

  test("other people's entries, updates, security and what is switched off are passed over", () => {
    write(
      'sources.list',
      'deb http://no.example/debian bookworm-updates main\ndeb http://no.example bookworm contrib\n',
    );
    write('sources.list.d/a.sources', 'Types: deb\nURIs: http://no.example\nSuites: nodistro\nComponents: main\n');
    write('sources.list.d/b.sources', `Enabled: no\n${DEBIAN.replaceAll('mirror.example', 'no.example')}`);
    write('sources.list.d/c.sources.save', DEBIAN.replaceAll('mirror.example', 'no.example'));
    write('sources.list.d/d.sources', DEBIAN.replace(/^#.*\n/gm, '').replace('Types: deb deb-src', 'Types: deb-src'));
    expect(() => trixie()).toThrow(`No entry for Debian's main archive in ${folder}/sources.list or`);
    write('sources.list.d/e.sources', DEBIAN);
    expect(trixie().text).toContain('URIs: http://mirror.example/debian http://second.example/debian\n');
  });

  test('another mirror may be named', () => {
    write('sources.list.d/debian.sources', DEBIAN);
    expect(trixie('http://old.example/debian').text).toMatch(/^URIs: http:\/\/old\.example\/debian\nSuites: trixie$/m);
    rmSync(join(folder, 'sources.list.d'), { recursive: true });
    write('sources.list', 'deb http://mirror.example/debian bookworm main\n');
    expect(trixie('http://old.example/debian').text).toBe('deb http://old.example/debian trixie main\n');
  });
});
