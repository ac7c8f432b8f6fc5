// Writes apt sources for another Debian suite from this machine's own: mirror, keys and options stay as they are configured.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Names under which a machine may have its own release in the archive's main part (not its updates or security). */
const SUITES = new Set([
  ...['bullseye', 'bookworm', 'trixie', 'forky', 'duke', 'sid'],
  ...['oldoldstable', 'oldstable', 'stable', 'testing', 'unstable'],
]);

/**
 * A sources file for `suite`, from the first entry of this machine's apt that is Debian's main archive.
 *
 * @param {string} suite - such as `trixie`
 * @param {{ folder?: string, mirror?: string | undefined }} [options] - apt's folder; a mirror instead of the configured one
 * @returns {{ format: 'sources' | 'list', text: string }} in the format of that entry
 * @throws {Error} when no entry is Debian's
 */
export function debianSources(suite, { folder = '/etc/apt', mirror = process.env.QPLUG_DEBIAN_MIRROR } = {}) {
  for (const [path, format] of sourceFiles(folder)) {
    const text = readFileSync(path, 'utf8');
    const told = format === 'list' ? fromList(text, suite, mirror) : fromStanzas(text, suite, mirror);
    if (told) return { format, text: told };
  }
  throw new Error(
    `No entry for Debian's main archive in ${folder}/sources.list or ${folder}/sources.list.d: is this machine a Debian?`,
  );
}

/** In apt's own order. */
function sourceFiles(folder) {
  const parts = join(folder, 'sources.list.d');
  const files = existsSync(parts) ? readdirSync(parts).sort() : [];
  return [join(folder, 'sources.list'), ...files.map((file) => join(parts, file))]
    .filter((path) => existsSync(path) && /\.(list|sources)$/.test(path))
    .map((path) => [path, path.endsWith('.list') ? 'list' : 'sources']);
}

/** One-line entries: `deb [OPTIONS] URI SUITE COMPONENT...` (sources.list(5)). */
function fromList(text, suite, mirror) {
  for (const line of text.split('\n')) {
    const [, options = '', uri, own, components] =
      /^\s*deb\s+(?:(\[[^\]]*\])\s+)?(\S+)\s+(\S+)\s+([^#]*)/.exec(line) ?? [];
    if (!uri || !SUITES.has(own) || !components.split(/\s+/).includes('main')) continue;
    return `${['deb', options, mirror ?? uri, suite, 'main'].filter(Boolean).join(' ')}\n`;
  }
  return undefined;
}

/** Stanzas of fields; a line that begins with a blank continues the field before it. */
function fromStanzas(text, suite, mirror) {
  const plain = text.replace(/^#.*\n?/gm, '');
  for (const stanza of plain.split(/\n\s*\n/)) {
    const fields = [...stanza.matchAll(/^([\w-]+):(.*(?:\n[ \t].*)*)/gm)].map(([, name, value]) => ({ name, value }));
    const field = (name) => fields.find((one) => one.name.toLowerCase() === name)?.value ?? '';
    const words = (name) => field(name).split(/\s+/).filter(Boolean);
    if (!words('types').includes('deb') || words('enabled')[0]?.toLowerCase() === 'no') continue;
    if (!words('components').includes('main') || !words('suites').some((own) => SUITES.has(own))) continue;
    const told = { types: ' deb', suites: ` ${suite}`, components: ' main', ...(mirror && { uris: ` ${mirror}` }) };
    return fields.map(({ name, value }) => `${name}:${told[name.toLowerCase()] ?? value}\n`).join('');
  }
  return undefined;
}
