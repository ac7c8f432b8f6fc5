import type { SysfsReader } from '../../sysfs/index.js';
import type { FileFindings } from '../file-findings.js';

/** What stands at a path: bytes, or where a link points. Folders are known from the paths in them. */
export type TreeEntry = { readonly bytes: Uint8Array } | { readonly link: string };

/** As many links in a row are followed as by Linux (include/linux/namei.h, MAXSYMLINKS). */
const MOST_LINKS = 40;

/** Longest path that is looked at, in characters. */
const LONGEST_PATH = 4096;

/**
 * Files and links in memory, by path, as an archive or a folder had them. Links are followed inside it alone, so that nothing
 * outside is ever touched, and not for ever.
 */
export class FileTree {
  readonly #entries = new Map<string, TreeEntry>();
  readonly #folders = new Map<string, Set<string>>([['', new Set()]]);
  readonly #findings: FileFindings;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  /** @param path - as the archive has it; `./`, `//` and a leading `/` are taken away, and a path with `..` is not taken */
  add(path: string, entry: TreeEntry): void {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.length === 0 || parts.includes('..') || path.length > LONGEST_PATH) return;
    this.#entries.set(parts.join('/'), entry);
    this.#addFolders(parts);
  }

  addFolder(path: string): void {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    if (parts.includes('..') || path.length > LONGEST_PATH) return;
    this.#addFolders([...parts, '']);
  }

  #addFolders(parts: readonly string[]): void {
    for (let depth = parts.length - 1; depth >= 0; depth--) {
      const folder = parts.slice(0, depth).join('/');
      const name = parts[depth] ?? '';
      const known = this.#folders.get(folder);
      if (known === undefined) this.#folders.set(folder, new Set(name === '' ? [] : [name]));
      else if (name === '' || known.has(name)) return;
      else known.add(name);
    }
  }

  /** @returns every folder, by its path */
  folders(): Iterable<string> {
    return this.#folders.keys();
  }

  /** @returns where a path leads when its links are followed; undefined when they lead nowhere */
  #resolve(path: string, last: boolean): string | undefined {
    const todo = path
      .split('/')
      .filter((part) => part !== '')
      .reverse();
    const done: string[] = [];
    for (let links = 0; todo.length > 0; ) {
      const part = todo.pop() ?? '';
      if (part === '.') continue;
      if (part === '..') {
        if (done.pop() === undefined) return undefined;
        continue;
      }
      const here = [...done, part].join('/');
      const entry = this.#entries.get(here);
      if (entry === undefined || !('link' in entry) || (todo.length === 0 && !last)) {
        done.push(part);
        continue;
      }
      // `cp -rL` and a glob leave files below what is a link elsewhere
      if (todo.length > 0 && this.#folders.get(here)?.has(todo.at(-1) ?? '') === true) {
        done.push(part);
        continue;
      }
      if (++links > MOST_LINKS || entry.link.length > LONGEST_PATH) {
        this.#findings.archive('loop', path);
        return undefined;
      }
      if (entry.link.startsWith('/')) done.length = 0;
      todo.push(
        ...entry.link
          .split('/')
          .filter((one) => one !== '')
          .reverse(),
      );
      if (todo.length > LONGEST_PATH) return undefined;
    }
    return done.join('/');
  }

  list(path: string): readonly string[] | undefined {
    const at = this.#resolve(path, true);
    const names = at === undefined ? undefined : this.#folders.get(at);
    return names === undefined ? undefined : [...names];
  }

  bytes(path: string): Uint8Array | undefined {
    const at = this.#resolve(path, true);
    const entry = at === undefined ? undefined : this.#entries.get(at);
    return entry !== undefined && 'bytes' in entry ? entry.bytes : undefined;
  }

  link(path: string): string | undefined {
    const at = this.#resolve(path, false);
    const entry = at === undefined ? undefined : this.#entries.get(at);
    return entry !== undefined && 'link' in entry ? entry.link : undefined;
  }
}

/** @returns the folder that has `bus/usb/devices` in it, which was /sys: `sys/`, or empty; undefined when there is none */
export function sysfsRoot(tree: FileTree): string | undefined {
  let best: string | undefined;
  for (const folder of tree.folders()) {
    const root =
      folder === 'bus/usb/devices' ? '' : folder.endsWith('/bus/usb/devices') ? folder.slice(0, -15) : undefined;
    if (root !== undefined && (best === undefined || root.length < best.length)) best = root;
  }
  return best;
}

/** Reads a tree as if it were sysfs. @param root - as `sysfsRoot` found it */
export function treeSysfs(tree: FileTree, root: string): SysfsReader {
  const text = (path: string): string | undefined => {
    const found = tree.bytes(root + path);
    return found === undefined ? undefined : Buffer.from(found).toString('utf8');
  };
  return {
    sysRoot: '/sys',
    devRoot: '/dev',
    list: (path) => tree.list(root + path),
    bytes: (path) => tree.bytes(root + path),
    text,
    link: (path) => tree.link(root + path),
    access: () => 'unknown',
  };
}
