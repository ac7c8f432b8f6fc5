import { describe, expect, test } from 'vitest';
import { plan } from '../../../src/planner/index.js';
import { NOTHING, request, SIX, uhci, vm, xhci } from './layouts.js';

const portsOf = (ports: readonly { readonly bus: string; readonly port: string }[]): string[] =>
  ports.map(({ bus, port }) => `${bus} ${port}`);

describe('free ports that a plan keeps', () => {
  const small = vm(xhci('xhci', 4), uhci());

  test('are those that the reserve wants, and no slow ones', () => {
    expect(portsOf(plan(request(small, [])).reserved)).toEqual(['xhci.0 1', 'xhci.0 2', 'xhci.0 3', 'xhci.0 4']);
    expect(plan(request(vm(xhci('xhci', 15)), [])).reserved).toEqual([]);
  });

  test('are none where nothing is reserved, or no hub may be added', () => {
    expect(plan(request(small, [], { reserve: 0 })).reserved).toEqual([]);
    expect(plan(request(small, [], { growth: NOTHING })).reserved).toEqual([]);
  });

  test('are free in the end', () => {
    const { reserved, placements } = plan(request(small, SIX));
    expect(reserved).toHaveLength(1);
    const used = portsOf(placements);
    expect(portsOf(reserved).filter((port) => used.includes(port))).toEqual([]);
  });

  test('for a device that is away are told as long as nothing else took them', () => {
    const kept = [
      { bus: 'xhci.0', port: '4', label: 'away' },
      { bus: 'xhci.0', port: '9', label: 'no such port' },
      { bus: 'uhci.0', port: '1', label: 'taken' },
    ];
    const pinned = { ...SIX[3]!, pin: { controller: 'uhci', port: '1' } };
    expect(plan(request(small, [pinned], { kept })).kept).toEqual([kept[0]]);
  });
});
