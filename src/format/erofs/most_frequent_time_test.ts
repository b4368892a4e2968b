import { deepStrictEqual } from "node:assert/strict";
import { TimeCounts } from "./most_frequent_time.ts";

Deno.test("TimeCounts answers the most frequent time, of equals the first", () => {
  const times = new TimeCounts();
  deepStrictEqual(times.mostFrequent(), { seconds: 0, nanoseconds: 0 });
  times.add(-1, 5);
  times.add(-1, 5);
  times.add(9, 1);
  deepStrictEqual(times.mostFrequent(), { seconds: 9, nanoseconds: 1 });
  times.add(8, 1);
  times.add(9, 2);
  times.add(9, 2);
  times.add(8, 1);
  deepStrictEqual(times.mostFrequent(), { seconds: 8, nanoseconds: 1 });
  for (let i = 0; i < 10_000; i++) times.add(100 + i % 3, i);
  times.add(9, 2);
  deepStrictEqual(times.mostFrequent(), { seconds: 9, nanoseconds: 2 });
});
