/**
 * Progress on a terminal: a bar for the whole and one for each layer that is being read.
 *
 * @module
 */
import type { ConvertProgress } from "../convert/convert.ts";
import type { Layer } from "../layer/layer.ts";
import { formatSize } from "./size_text.ts";
import type { Terminal } from "./terminal.ts";

const INTERVAL_MILLISECONDS = 100;
const BAR_COLUMNS = 24;
const MAX_LAYER_LINES = 6;

/** Draws progress in place, about ten times a second, and removes it without a trace. */
export class ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #layers: readonly Layer[];
  readonly #now: () => number;
  readonly #startMilliseconds: number;
  readonly #readBytes: number[];
  readonly #isDone: boolean[];
  #isFinishing = false;
  #lineCount = 0;
  #drawnMilliseconds = -Infinity;

  /** `now` answers milliseconds; the layers are those of the image. */
  constructor(terminal: Terminal, layers: readonly Layer[], now = () => performance.now()) {
    this.#terminal = terminal;
    this.#layers = layers;
    this.#now = now;
    this.#startMilliseconds = now();
    this.#readBytes = layers.map(() => 0);
    this.#isDone = layers.map(() => false);
  }

  /** Takes an event and draws when it is time. */
  update(event: ConvertProgress): void {
    if (event.kind === "finish") {
      this.#isFinishing = true;
    } else {
      this.#readBytes[event.layer.index] = event.readBytes;
      this.#isDone[event.layer.index] = event.done;
    }
    const now = this.#now();
    if (!this.#isFinishing && now - this.#drawnMilliseconds < INTERVAL_MILLISECONDS) return;
    this.#drawnMilliseconds = now;
    this.#draw(now);
  }

  /** Removes what was drawn, so that a line can be written; the next event draws again. */
  clear(): void {
    if (this.#lineCount === 0) return;
    this.#terminal.writeError(`\x1b[${this.#lineCount}A\r\x1b[0J`);
    this.#lineCount = 0;
  }

  #draw(now: number): void {
    const columns = this.#terminal.width() - 1;
    const lines = this.#lines(now).map((line) => line.slice(0, columns));
    const back = this.#lineCount === 0 ? "" : `\x1b[${this.#lineCount}A\r\x1b[0J`;
    this.#terminal.writeError(`${back}${lines.join("\n")}\n`);
    this.#lineCount = lines.length;
  }

  #lines(now: number): string[] {
    const total = sum(this.#layers.map((layer) => layer.size));
    const read = sum(this.#readBytes);
    const doneCount = this.#isDone.filter(Boolean).length;
    const seconds = (now - this.#startMilliseconds) / 1000;
    const rate = seconds > 0 ? `, ${formatSize(read / seconds)}/s` : "";
    const head = this.#isFinishing
      ? "writing the file system"
      : `layers ${doneCount}/${this.#layers.length}`;
    const lines = [
      `${bar(read, total)} ${head}, ${formatSize(read)} of ${formatSize(total)}${rate}`,
    ];
    if (this.#isFinishing) return lines;
    for (const layer of this.#layers) {
      const readBytes = this.#readBytes[layer.index];
      if (readBytes === 0 || this.#isDone[layer.index]) continue;
      if (lines.length <= MAX_LAYER_LINES) {
        lines.push(`${bar(readBytes, layer.size)} layer ${layer.name}, ${formatSize(layer.size)}`);
      }
    }
    return lines;
  }
}

function bar(part: number, whole: number): string {
  const share = whole === 0 ? 1 : Math.min(1, part / whole);
  const filled = Math.floor(share * BAR_COLUMNS);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `[${"=".repeat(filled).padEnd(BAR_COLUMNS)}]${percent}`;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
