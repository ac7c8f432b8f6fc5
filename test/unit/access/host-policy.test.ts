import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PolicyInForce, policyFindings } from '../../../src/access/host-policy.js';
import { parsePolicy } from '../../../src/config/policy/parse-policy.js';
import { type HostDevice, selectorFault } from '../../../src/host/index.js';
import { inventoryOf, recording } from '../host/recordings.js';
import '../seed.js';

const host = inventoryOf(recording('hub-twins-gadgets'));
const ANN = { uid: 1000, gids: [1000, 46] };

function inForce(text: string, who = ANN): PolicyInForce {
  const policy = parsePolicy(text, '/etc/qplug/policy.yaml', { checkSelector: selectorFault, passwd: '', group: '' });
  return { policy, ...who };
}

/** The ports of what a VM may have. */
function allowed(policy: PolicyInForce, vm = 'bench', devices: readonly HostDevice[] = host.devices): string[] {
  return devices.filter((one) => policyFindings(one, vm, policy, host).length === 0).map(({ port }) => port);
}

const ALL = host.devices.map(({ port }) => port);
const except = (...ports: readonly string[]) => ALL.filter((port) => !ports.includes(port));

describe('a rule means', () => {
  test.each([
    ['1-4', ['1-4']],
    ['{ select: "1-4" }', ['1-4']],
    ['{ port: 1-5 }', ['1-5.2', '1-5.3', '1-5.8']],
    ['{ port: 1-5.2 }', ['1-5.2']],
    ['{ port: "pci-0000:00:03.0/5" }', ['1-5.2', '1-5.3', '1-5.8']],
    ['{ port: "pci-0000:00:05.0/1" }', ['4-1']],
    ['{ port: 2-1 }', ['2-1']],
    ['{ port: 1-1 }', ['2-1']],
    ['{ class: 0b }', ['1-4']],
    ['{ class: 0b, port: 1-5 }', []],
    ['{ user: 1000 }', ALL],
    ['{ user: 1001 }', []],
    ['{ group: 46, port: 1-4 }', ['1-4']],
    ['{ group: 47, port: 1-4 }', []],
    ['{ vm: bench }', ALL],
    ['{ vm: other }', []],
    ['"no such words"', []],
  ])('%s: %j', (rule, ports) => {
    expect(allowed(inForce(`deny: [${rule}]`))).toEqual(except(...ports));
    expect(allowed(inForce(`allow: [${rule}]`))).toEqual(ports);
  });
});

test('nothing passes where passthrough is off, whatever is allowed', () => {
  expect(allowed(inForce('{ enabled: false, allow: [{ vm: bench }] }'))).toEqual([]);
});

test('without a policy everything passes', () => {
  expect(host.devices.flatMap((one) => policyFindings(one, 'bench', undefined, host))).toEqual([]);
});

test('a refusal stands at the rule that it comes from', () => {
  const [device] = host.devices as [HostDevice];
  const [denied] = policyFindings(device, 'bench', inForce('deny:\n  - { vm: x }\n  - { vm: bench }'), host);
  expect(denied).toMatchObject({ code: 'policy-denied', location: { line: 3, column: 5 }, evidence: { list: 'deny' } });
  const [missing] = policyFindings(device, 'bench', inForce('allow: []'), host);
  expect(missing).toMatchObject({ code: 'policy-denied', evidence: { list: 'allow' } });
  expect(missing?.location).toBeUndefined();
});

test('what any rule denies is denied, in whatever order and whatever else is allowed', () => {
  const rule = fc.record(
    {
      select: fc.constantFrom('1-4', '46f4:0001', 'class=03', 'QEMU'),
      class: fc.constantFrom('03', '08', '0b'),
      port: fc.constantFrom('1-5', '1-1', '2-6'),
      user: fc.constantFrom(1000, 0),
      group: fc.constantFrom(46, 0),
      vm: fc.constantFrom('bench', 'other'),
    },
    { requiredKeys: [] },
  );
  const rules = fc.array(
    rule.filter((one) => Object.keys(one).length > 0),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(rules, fc.option(rules, { nil: undefined }), fc.boolean(), (deny, allow, reversed) => {
      const list = reversed ? [...deny].reverse() : deny;
      const ports = new Set(allowed(inForce(JSON.stringify({ allow, deny: list }))));
      for (const one of deny) {
        for (const port of allowed(inForce(JSON.stringify({ allow: [one] })))) expect(ports).not.toContain(port);
      }
      const named = new Set((allow ?? []).flatMap((one) => allowed(inForce(JSON.stringify({ allow: [one] })))));
      const denied = new Set(deny.flatMap((one) => allowed(inForce(JSON.stringify({ allow: [one] })))));
      const expected = ALL.filter((port) => !denied.has(port) && (allow === undefined || named.has(port)));
      expect([...ports]).toEqual(expected);
    }),
  );
});
