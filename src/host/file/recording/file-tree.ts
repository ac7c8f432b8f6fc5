import type { SysfsReader } from '../../sysfs/index.js';
import type { FileFindings } from '../file-findings.js';

/** The content of a path: bytes, or the target of a link. The paths themselves show the folders. */
export type TreeEntry = { readonly bytes: Uint8Array } | { readonly link: string };

/** Linux follows the same number of links in a row (include/linux/namei.h, MAXSYMLINKS). */
const MOST_LINKS = 40;

/** Longest path that is accepted, in characters. */
const LONGEST_PATH = 4096;

/**
 * Files and links in memory, by path, as an archive or a folder had them. Links are followed only inside the tree, so that nothing outside
 * it is touched, and only up to a limit.
 */
export class FileTree {
  readonly #entries = new Map<string, TreeEntry>();
  readonly #folders = new Map<string, Set<string>>([['', new Set()]]);
  readonly #findings: FileFindings;

  constructor(findings: FileFindings) {
    this.#findings = findings;
  }

  /** @param path - as the archive has it; `./`, `//` and a leading `/` are removed, and a path with `..` is rejected */
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

  /** @returns the path after following the links in it; undefined when they lead nowhere */
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
      // `cp -rL` and a glob leave files below a path that is a link elsewhere
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

/** @returns the folder that was /sys, which contains `bus/usb/devices`: `sys/`, or empty; undefined when there is none */
export function sysfsRoot(tree: FileTree): string | undefined {
  let best: string | undefined;
  for (const folder of tree.folders()) {
    const root =
      folder === 'bus/usb/devices' ? '' : folder.endsWith('/bus/usb/devices') ? folder.slice(0, -15) : undefined;
    if (root !== undefined && (best === undefined || root.length < best.length)) best = root;
  }
  return best;
}

/**
 * Reads a tree as if it were sysfs.
 *
 * @param root - the folder that `sysfsRoot` found
 */
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
