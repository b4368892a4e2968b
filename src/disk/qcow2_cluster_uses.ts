/**
 * How often each cluster of a qcow2 file is used.
 *
 * @module
 */
import type { ImageProblem } from "../format/image_reader.ts";

/** Counts the uses of clusters, and compares them with what the file says. */
export class ClusterUses {
  readonly #clusterSize: number;
  readonly #counts: Uint32Array;
  readonly #onProblem: (problem: ImageProblem) => void;

  /** Nothing of the `clusterCount` clusters is used. */
  constructor(
    clusterSize: number,
    clusterCount: number,
    onProblem: (problem: ImageProblem) => void,
  ) {
    this.#clusterSize = clusterSize;
    this.#counts = new Uint32Array(clusterCount);
    this.#onProblem = onProblem;
  }

  /** `what` uses the clusters that its `size` bytes at `offset` touch. */
  add(what: string, offset: number, size: number): void {
    const end = Math.ceil((offset + size) / this.#clusterSize);
    if (end > this.#counts.length || size < 0) {
      const message = `qcow2: the ${what} at ${offset} ends behind the file, expected it within`;
      this.#onProblem({ message, offset });
    }
    const last = Math.min(end, this.#counts.length);
    for (let i = Math.floor(offset / this.#clusterSize); i < last; i++) this.#counts[i]++;
  }

  /** `what` uses the cluster at `offset`, as the entry at `entryAt` says; whether that can be. */
  addCluster(what: string, offset: number, entryAt: number): boolean {
    const isWhole = offset % this.#clusterSize === 0;
    if (isWhole && offset / this.#clusterSize < this.#counts.length) {
      this.#counts[offset / this.#clusterSize]++;
      return true;
    }
    const expected = isWhole ? "it within the file" : "the start of a cluster";
    const message = `qcow2: a ${what} is at ${offset}, expected ${expected}`;
    this.#onProblem({ message, offset: entryAt });
    return false;
  }

  /** How often the cluster at `offset` was used so far. */
  countAt(offset: number): number {
    return this.#counts[offset / this.#clusterSize];
  }

  /** The entry of a table at `entryAt` has bits that mean nothing. */
  reserved(table: string, entryAt: number): void {
    const message = `qcow2: an entry of an ${table} table has reserved bits, expected zeros`;
    this.#onProblem({ message, offset: entryAt });
  }

  /**
   * Tells where `stored` counts are others; `mayBeMore` allows higher ones. Clusters that are wrong
   * in the same way one after another are told at once.
   */
  compare(stored: Uint32Array, mayBeMore: boolean): void {
    const counts = this.#counts;
    for (let i = 0; i < counts.length; i++) {
      if (stored[i] === counts[i] || (mayBeMore && stored[i] > counts[i])) continue;
      const first = i;
      const goesOn = (k: number) => stored[k] === stored[first] && counts[k] === counts[first];
      while (i + 1 < counts.length && goesOn(i + 1)) i++;
      const range = first === i ? `${first}` : `${first} to ${i}`;
      this.#onProblem({
        message: `qcow2: reference count of cluster ${range} is ${stored[first]}, ` +
          `expected ${counts[first]}`,
        offset: first * this.#clusterSize,
      });
    }
  }
}
