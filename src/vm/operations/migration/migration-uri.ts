import { resolve } from 'node:path';
import { type EvidenceByCode, fail } from '../../../diag/index.js';

/** The target of a migration. */
export type MigrationUri =
  | { readonly kind: 'unix' | 'file' /** Absolute. */; readonly path: string }
  /** `host`: a name or an address, IPv6 without brackets · `port`: 1 to 65535 */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

/** In bytes: unix(7), sun_path with its NUL is 108. */
const MAX_SOCKET_PATH = 107;

type MigrationUriProblem = EvidenceByCode['migration-uri-invalid']['problem'];

/** Schemes of QEMU that qplug does not accept. */
const REFUSED: readonly string[] = ['exec', 'fd', 'rdma'] satisfies MigrationUriProblem[];

/** Name or IPv4 address; QEMU reads no more than 64 characters (util/qemu-sockets.c, inet_parse). */
const HOST = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9.])?$/;

/** IPv6 address, with the interface of a link-local one. */
const IPV6 = /^(?=.{2,64}$)[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[A-Za-z0-9._-]{1,16})?$/;

/**
 * Reads the target of a migration: `unix:PATH`, `tcp:HOST:PORT`, `tcp:[IPV6]:PORT`, `file:PATH`. QEMU also reads options after a comma of a
 * `tcp:`, and after `,offset=` of a `file:` (migration/file.c, file_parse_offset); qplug accepts neither.
 *
 * @param folder - the base of a relative path
 * @throws QplugError `migration-uri-invalid` (usage)
 */
export function parseMigrationUri(word: string, folder: string): MigrationUri {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.*)$/s.exec(word) ?? [];
  if (scheme === 'tcp') return parseTcp(word, rest);
  if (scheme === 'unix' || scheme === 'file') return { kind: scheme, path: pathOf(word, scheme, rest, folder) };
  throw invalid(word, REFUSED.includes(scheme) ? (scheme as MigrationUriProblem) : 'unknown');
}

/** @returns the target in QEMU's syntax */
export function formatMigrationUri(uri: MigrationUri): string {
  if (uri.kind !== 'tcp') return `${uri.kind}:${uri.path}`;
  return `tcp:${uri.host.includes(':') ? `[${uri.host}]` : uri.host}:${uri.port}`;
}

function parseTcp(word: string, rest: string): MigrationUri {
  const [, bracketed, name = '', digits = ''] = /^(?:\[([^\]]*)\]|([^:]*)):(.*)$/s.exec(rest) ?? [];
  if (digits === '' && !/:$/.test(rest)) throw invalid(word, 'no-port');
  const host = bracketed ?? name;
  if (!(bracketed === undefined ? HOST : IPV6).test(host)) throw invalid(word, 'host');
  const port = Number(digits);
  if (!/^[1-9]\d{0,4}$/.test(digits) || port > 65_535) throw invalid(word, 'port');
  return { kind: 'tcp', host, port };
}

function pathOf(word: string, scheme: 'unix' | 'file', rest: string, folder: string): string {
  if (rest === '' || rest.endsWith('/') || rest.includes('\0')) throw invalid(word, 'path');
  const path = resolve(folder, rest);
  if (scheme === 'unix' && Buffer.byteLength(path) > MAX_SOCKET_PATH) throw invalid(word, 'path-too-long');
  if (scheme === 'file' && path.includes(',offset=')) throw invalid(word, 'offset');
  return path;
}

function invalid(uri: string, problem: MigrationUriProblem): Error {
  return fail('migration-uri-invalid', { uri, problem });
}
