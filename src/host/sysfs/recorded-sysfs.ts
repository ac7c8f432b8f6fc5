import { type Finding, finding, QplugError } from '../../diag/index.js';
import type { NodeAccess } from '../usb-device.js';
import type { SysfsReader } from './sysfs-reader.js';

/** What a recording keeps of one path: its text, its bytes or the target of a link. */
export type RecordedEntry = { readonly text: string } | { readonly base64: string } | { readonly link: string };

/** The USB part of one host's sysfs at one moment, as JSON. */
export interface Recording {
  readonly schema: 'qplug-host-recording-1';
  /** Where it comes from. */
  readonly about?: string | undefined;
  /** The content of each path, relative to the root of sysfs. The paths themselves show the folders. */
  readonly sys: Readonly<Record<string, RecordedEntry>>;
  /** For each node, relative to /dev: whether it could be opened read-write. A node that is not named is missing. */
  readonly nodes: Readonly<Record<string, Exclude<NodeAccess, 'missing' | 'unknown'>>>;
}

/** Reads a recording as if it were this host. */
export function recordedSysfs(recording: Recording): SysfsReader {
  const entries = new Map(Object.entries(recording.sys));
  const folders = foldersOf(entries.keys());
  const nodes = new Map(Object.entries(recording.nodes));
  return {
    sysRoot: '/sys',
    devRoot: '/dev',
    list: (path) => {
      const names = folders.get(path);
      return names === undefined ? undefined : [...names];
    },
    bytes: (path) => bytesOf(entries.get(path)),
    text: (path) => bytesOf(entries.get(path))?.toString('utf8'),
    link: (path) => {
      const entry = entries.get(path);
      return entry !== undefined && 'link' in entry ? entry.link : undefined;
    },
    access: (node) => nodes.get(node) ?? 'missing',
  };
}

function bytesOf(entry: RecordedEntry | undefined): Buffer | undefined {
  if (entry === undefined || 'link' in entry) return undefined;
  return 'text' in entry ? Buffer.from(entry.text, 'utf8') : Buffer.from(entry.base64, 'base64');
}

function foldersOf(paths: Iterable<string>): Map<string, Set<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let at = path.length; at > 0; ) {
      const cut = path.lastIndexOf('/', at - 1);
      const folder = cut < 0 ? '' : path.slice(0, cut);
      const names = folders.get(folder) ?? new Set();
      names.add(path.slice(cut + 1, at));
      folders.set(folder, names);
      at = cut;
    }
  }
  return folders;
}

/**
 * @param text - the JSON of a recording
 * @param file - its name, for messages
 * @throws QplugError `recording-invalid`, with one finding for each fault
 */
export function parseRecording(text: string, file: string): Recording {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new QplugError([invalid(file, 'the whole file', (error as Error).message)], { cause: error });
  }
  const found = recordingFaults(value, file);
  const [first, ...rest] = found;
  if (first !== undefined) throw new QplugError([first, ...rest]);
  return value as Recording;
}

function invalid(file: string, where: string, reason: string): Finding {
  return finding('recording-invalid', { file, where, reason });
}

function recordingFaults(value: unknown, file: string): Finding[] {
  if (!isObject(value)) return [invalid(file, 'the whole file', 'it is not a JSON object')];
  const { schema, sys, nodes } = value;
  if (schema !== 'qplug-host-recording-1') return [invalid(file, 'schema', 'it is not qplug-host-recording-1')];
  if (!isObject(sys)) return [invalid(file, 'sys', 'it is not a JSON object')];
  if (!isObject(nodes)) return [invalid(file, 'nodes', 'it is not a JSON object')];
  const entries = Object.entries(sys)
    .filter(([, entry]) => !isEntry(entry))
    .map(([path]) => invalid(file, `sys, ${path}`, 'an entry has text, base64 or link, and that is a string'));
  const accesses = Object.entries(nodes)
    .filter(([, access]) => access !== 'usable' && access !== 'denied')
    .map(([node]) => invalid(file, `nodes, ${node}`, 'a node is usable or denied'));
  return [...entries, ...accesses];
}

function isEntry(entry: unknown): boolean {
  return isObject(entry) && ['text', 'base64', 'link'].filter((key) => typeof entry[key] === 'string').length === 1;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
