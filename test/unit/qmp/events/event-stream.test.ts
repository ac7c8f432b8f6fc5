import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BoundedQueue } from '../../../../src/qmp/events/event-queue.js';
import { FedEventStream } from '../../../../src/qmp/events/event-stream.js';

const HOOKS = { onDrop: () => {}, onDispose: () => {} };

describe('BoundedQueue', () => {
  test('any run of pushes and shifts does as an array that drops its oldest', () => {
    const step = fc.oneof(fc.nat(), fc.constant('shift' as const));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const queue = new BoundedQueue<number>(limit);
        const model: number[] = [];
        let dropped = 0;
        for (const one of steps) {
          if (one === 'shift') expect(queue.shift()).toBe(model.shift());
          else {
            model.push(one);
            queue.push(one);
            dropped += model.splice(0, model.length - limit).length;
          }
          expect([queue.length, queue.dropped]).toEqual([model.length, dropped]);
        }
      }),
    );
  });

  test('a limit below one holds one', () => {
    const queue = new BoundedQueue<string>(0);
    queue.push('a');
    expect([queue.push('b'), queue.shift(), queue.dropped]).toEqual([false, 'b', 1]);
  });
});

describe('FedEventStream', () => {
  test('what was fed before the end is read, then it is done', async () => {
    const stream = new FedEventStream<number>(5, HOOKS);
    stream.feed(1);
    stream.feed(2);
    stream.end();
    stream.feed(3);
    const read: number[] = [];
    for await (const event of stream) read.push(event);
    expect(read).toEqual([1, 2]);
  });

  test('readers that came first get the events in their order, the rest are told of the end', async () => {
    const stream = new FedEventStream<number>(5, HOOKS);
    const reads = [stream.next(), stream.next(), stream.next()];
    stream.feed(1);
    stream.feed(2);
    stream.end();
    expect(await Promise.all(reads)).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: undefined },
    ]);
  });

  test('over the limit the oldest are lost, counted, and told', async () => {
    const told: number[] = [];
    const stream = new FedEventStream<number>(2, { ...HOOKS, onDrop: (dropped) => told.push(dropped) });
    for (const event of [1, 2, 3, 4]) stream.feed(event);
    expect([stream.dropped, told]).toEqual([2, [1, 2]]);
    expect([await stream.next(), await stream.next()]).toMatchObject([{ value: 3 }, { value: 4 }]);
  });

  test('leaving a loop disposes it', async () => {
    let disposed = 0;
    const stream = new FedEventStream<number>(5, { ...HOOKS, onDispose: () => disposed++ });
    stream.feed(1);
    stream.feed(2);
    for await (const event of stream) if (event === 1) break;
    expect(disposed).toBe(1);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});
