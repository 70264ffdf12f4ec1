import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { PushLane } from './push-lane.ts';

const push = (id: number) => ({ id, stream: id, samples: Int16Array.of(id) });

test('what comes together goes together, and what comes while it is heard goes when it has been heard', async () => {
  const sent: number[][] = [];
  const lane = new PushLane((pushes) => sent.push(pushes.map(({ id }) => id)));
  lane.add(push(1));
  lane.add(push(2));
  expect(sent).toEqual([]);
  await setImmediate();
  expect(sent).toEqual([[1, 2]]);

  lane.add(push(3));
  await setImmediate();
  lane.add(push(4));
  await setImmediate();
  expect(sent).toHaveLength(1);
  lane.heard();
  lane.add(push(5));
  await setImmediate();
  expect(sent.slice(1)).toEqual([[3, 4, 5]]);

  lane.heard();
  await setImmediate();
  expect(sent).toHaveLength(2);
  lane.add(push(6));
  await setImmediate();
  expect(sent[2]).toEqual([6]);
});
