/**
 * Which blocks the parts of an image claim.
 *
 * @module
 */
import { divideUp } from "../../bytes/align.ts";
import { NumberSet } from "./number_set.ts";

/** A run of clusters that are claimed, and by how many owners. */
export interface ClaimedRun {
  /** First cluster. */
  readonly start: number;
  /** Cluster behind the last. */
  readonly end: number;
  /** How many claim it. */
  readonly ownerCount: number;
}

/**
 * What is claimed, in clusters of blocks, which are single blocks in most images. Only sums are kept
 * where nobody asks for the blocks.
 */
export class BlockClaims {
  readonly #keepsRuns: boolean;
  readonly #clusterRatio: number;
  readonly #nodes = new NumberSet();
  #starts = new Float64Array(64);
  #ends = new Float64Array(64);
  #count = 0;
  #blockCount = 0;
  /** Runs of clusters of the owner under way, where clusters are several blocks. */
  #ownRuns: [start: number, end: number][] = [];
  #ownCount = 0;

  /**
   * `keepsRuns`: {@linkcode BlockClaims.runs} will be asked for; 16 bytes for each
   * claim that does not go on where the one before it ended.
   * `clusterRatio`: blocks of a cluster.
   */
  constructor(keepsRuns: boolean, clusterRatio = 1) {
    this.#keepsRuns = keepsRuns;
    this.#clusterRatio = clusterRatio;
  }

  /** Blocks that were claimed so far; a block that was claimed twice counts twice. */
  get blockCount(): number {
    return this.#blockCount;
  }

  /** Claims `count` (> 0) blocks. */
  add(start: number, count: number): void {
    this.#blockCount += count;
    if (!this.#keepsRuns) return;
    if (this.#clusterRatio === 1) {
      this.#ownCount += count;
      this.#keep(start, start + count);
    } else {
      const first = Math.floor(start / this.#clusterRatio);
      this.#ownRuns.push([first, divideUp(start + count, this.#clusterRatio)]);
    }
  }

  /**
   * Ends the claims of one owner, to whom it makes no difference how often it claims a cluster.
   * Answers how many clusters they are.
   */
  endOwner(): number {
    let end = 0;
    for (const run of this.#ownRuns.sort((a, b) => a[0] - b[0])) {
      const start = Math.max(run[0], end);
      if (start >= run[1]) continue;
      end = run[1];
      this.#ownCount += end - start;
      this.#keep(start, end);
    }
    const count = this.#ownCount;
    this.#ownRuns = [];
    this.#ownCount = 0;
    return count;
  }

  #keep(start: number, end: number): void {
    // Files mostly stand one behind the other.
    if (this.#count > 0 && this.#ends[this.#count - 1] === start) {
      this.#ends[this.#count - 1] = end;
      return;
    }
    if (this.#count === this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#ends = grown(this.#ends);
    }
    this.#starts[this.#count] = start;
    this.#ends[this.#count] = end;
    this.#count++;
  }

  /**
   * Notes a block that leads to others (a directory, a node of a tree of extents). Answers `false`
   * where it was noted before: then what is behind it would be read again and again.
   */
  addNode(block: number): boolean {
    return this.#nodes.add(block);
  }

  /** All claimed clusters in ascending runs. Ends the claims. */
  *runs(): Generator<ClaimedRun> {
    // Where a run begins or ends the number of owners changes; which run it is does not matter.
    const starts = this.#starts.subarray(0, this.#count).sort();
    const ends = this.#ends.subarray(0, this.#count).sort();
    let ownerCount = 0;
    let from = 0;
    for (let i = 0, j = 0; j < ends.length;) {
      const isStart = i < starts.length && starts[i] < ends[j];
      const at = isStart ? starts[i] : ends[j];
      if (at > from && ownerCount > 0) yield { start: from, end: at, ownerCount };
      from = at;
      if (isStart) {
        ownerCount++;
        i++;
      } else {
        ownerCount--;
        j++;
      }
    }
  }
}

function grown(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * array.length);
  larger.set(array);
  return larger;
}
