import { expect, test } from 'vitest';
import { type HostInventory, watchDevices } from '../../../src/host/index.js';
import { inventoryOf, recording, without } from './recordings.js';

const six = recording('six-devices');
const there = inventoryOf(six);
const absent = inventoryOf(without(six, '2-1'));

test('what is there, comes and goes is told until the signal says that it is enough', async () => {
  const looks: HostInventory[] = [absent, there, there, absent];
  const controller = new AbortController();
  const read = (): HostInventory => {
    const [now = absent] = looks;
    if (looks.length === 1) controller.abort();
    else looks.shift();
    return now;
  };
  const pick = ({ devices }: HostInventory) => devices.filter(({ port }) => port.startsWith('2-'));
  const seen: string[] = pick(absent).map(({ port }) => `plugged ${port}`);
  const told: string[] = [];
  for await (const { event, device, inventory } of watchDevices(read, pick, controller.signal)) {
    told.push(`${event} ${device.port}`);
    expect(inventory).toBe(event === 'plugged' && device.port === '2-1' ? there : absent);
  }
  expect(told).toEqual([...seen, 'plugged 2-1', 'pulled 2-1']);
});
