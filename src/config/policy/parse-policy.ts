import { type Finding, finding, QplugError, type SourceLocation } from '../../diag/index.js';
import { validate } from '../generated/policy-validator.js';
import { schemaFindings } from '../schema-findings.js';
import { readSource, type Source } from '../source.js';
import type { Pointer } from '../vm-file.js';
import type { Policy, PolicyRule } from './policy.js';

/** Maximum number of reported findings. */
const MAX_FINDINGS = 100;

/** The checks of a policy. */
export interface PolicyChecks {
  /** @returns why a text is not a selector, or undefined if it is one */
  readonly checkSelector: (text: string) => string | undefined;
  /** Text of /etc/passwd and /etc/group; undefined if there is none. */
  readonly passwd: string | undefined;
  readonly group: string | undefined;
}

/** A policy that conforms to its schema, without further checks. */
interface RawPolicy {
  readonly enabled?: boolean;
  readonly allow?: readonly (string | RawRule)[];
  readonly deny?: readonly (string | RawRule)[];
}

interface RawRule {
  readonly select?: string;
  readonly class?: string;
  readonly port?: string;
  readonly user?: string | number;
  readonly group?: string | number;
  readonly vm?: string;
}

/**
 * Reads the text of a policy.
 *
 * @param text - YAML 1.2 or JSON
 * @throws QplugError `policy-unusable`, followed by all errors in the order of the file
 */
export function parsePolicy(text: string, path: string, checks: PolicyChecks): Policy {
  const findings: Finding[] = [];
  const policy = read(text, path, checks, findings);
  if (policy !== undefined && findings.length === 0) return policy;
  const inOrder = [...findings].sort((a, b) => order(a.location, b.location)).slice(0, MAX_FINDINGS);
  throw new QplugError([finding('policy-unusable', { path }), ...inOrder]);
}

function order(a: SourceLocation | undefined, b: SourceLocation | undefined): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}

function read(text: string, path: string, checks: PolicyChecks, findings: Finding[]): Policy | undefined {
  const source = sourceOf(text, path, findings);
  if (source === undefined) return undefined;
  findings.push(
    ...source.findings.map((found) => (found.code === 'vm-file-documents' ? severalDocuments(found) : found)),
  );
  const { value } = source;
  if (findings.length > 0) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const reason = 'a policy is a mapping with enabled, allow and deny; an empty policy is {}';
    findings.push(finding('policy-wrong', { reason }, { location: source.locate([]) }));
    return undefined;
  }
  if (!validate(value)) {
    findings.push(...schemaFindings((validate.errors ?? []).slice(0, MAX_FINDINGS), source));
    return undefined;
  }
  const { enabled, allow, deny } = value as RawPolicy;
  const rules = (key: 'allow' | 'deny', list: readonly (string | RawRule)[]): PolicyRule[] =>
    list.map((raw, index) => ruleOf(raw, [key, index], source, checks, findings));
  return {
    path,
    enabled: enabled ?? true,
    allow: allow === undefined ? undefined : rules('allow', allow),
    deny: rules('deny', deny ?? []),
  };
}

function sourceOf(text: string, path: string, findings: Finding[]): Source | undefined {
  try {
    return readSource(text, path, ['port', 'class', 'vm']);
  } catch (error) {
    if (!(error instanceof QplugError)) throw error;
    findings.push(finding('policy-wrong', { reason: 'it is nested too deeply' }));
    return undefined;
  }
}

function severalDocuments({ location }: Finding): Finding {
  return finding(
    'policy-wrong',
    { reason: 'a policy is one YAML document, and this file holds several' },
    { location },
  );
}

function ruleOf(
  entry: string | RawRule,
  pointer: Pointer,
  source: Source,
  checks: PolicyChecks,
  findings: Finding[],
): PolicyRule {
  const raw: RawRule = typeof entry === 'string' ? { select: entry } : entry;
  const at = (key: string): SourceLocation => source.locate(typeof entry === 'string' ? pointer : [...pointer, key]);
  for (const key of ['select', 'port'] as const) {
    const select = raw[key];
    const reason = select === undefined ? undefined : checks.checkSelector(select);
    if (select !== undefined && reason !== undefined) {
      findings.push(finding('selector-wrong', { select, reason }, { location: at(key) }));
    }
  }
  const number = (key: 'user' | 'group'): number | undefined => {
    const account = raw[key];
    if (account === undefined) return undefined;
    const found = accountNumber(account, key === 'user' ? checks.passwd : checks.group);
    if (found === undefined) {
      const file = key === 'user' ? '/etc/passwd' : '/etc/group';
      const reason = `${file} has no ${key} ${account}; write a ${key} from elsewhere as a number`;
      findings.push(finding('policy-wrong', { reason }, { location: at(key) }));
    }
    return found;
  };
  return {
    select: raw.select,
    class: raw.class === undefined ? undefined : Number.parseInt(raw.class, 16),
    port: raw.port,
    uid: number('user'),
    gid: number('group'),
    vm: raw.vm,
    location: source.locate(pointer),
  };
}

/** Both files have the name first and its number third (passwd(5), group(5)). */
function accountNumber(account: string | number, file: string | undefined): number | undefined {
  if (typeof account === 'number' || /^\d+$/.test(account)) return Number(account);
  for (const line of (file ?? '').split('\n')) {
    const [name, , number = ''] = line.split(':');
    if (name === account && /^\d+$/.test(number)) return Number(number);
  }
  return undefined;
}
