/**
 * Things in the order of numbers that are spread evenly, as places are: that takes far less than to
 * sort them.
 *
 * @module
 */

/** `things` in ascending order of their places, whole numbers from 0 to below `end`. */
export function inPlaceOrder<T>(
  things: readonly T[],
  places: ArrayLike<number>,
  end: number,
): T[] {
  const rangeSize = Math.max(1, Math.ceil(end / things.length));
  // A list for each range: its first thing, and the next behind each; 0 for none.
  const first = new Uint32Array(Math.ceil(end / rangeSize));
  const next = new Uint32Array(things.length);
  for (let i = things.length - 1; i >= 0; i--) {
    const range = Math.floor(places[i] / rangeSize);
    next[i] = first[range];
    first[range] = i + 1;
  }
  const order = new Uint32Array(things.length);
  let count = 0;
  for (const start of first) {
    for (let i = start; i > 0; i = next[i - 1]) {
      const place = places[i - 1];
      let at = count++;
      for (; at > 0 && places[order[at - 1]] > place; at--) order[at] = order[at - 1];
      order[at] = i - 1;
    }
  }
  return Array.from(order, (index) => things[index]);
}
