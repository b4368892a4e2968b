/**
 * Progress on a terminal: a bar for the whole and one for each layer that is being worked on, in
 * which `=` is what was read and `-` what was downloaded and not read yet.
 *
 * @module
 */
import type { ConvertProgress } from "../convert/convert.ts";
import type { DownloadProgress } from "../source/remote/download_progress.ts";
import { formatSize } from "./size_text.ts";
import type { Terminal } from "./terminal.ts";

const INTERVAL_MILLISECONDS = 100;
const BAR_COLUMNS = 24;
const MAX_LAYER_LINES = 6;

/** A layer or blob that is worked on. */
export interface ProgressItem {
  /** Its name for people, as `layer 0 (sha256:0123456789ab)`. */
  readonly name: string;
  /** Its bytes as stored. */
  readonly size: number;
  /** By which download events name it; `null` where it is not downloaded. */
  readonly digest: string | null;
}

/** Draws progress in place, about ten times a second, and removes it without a trace. */
export class ProgressDisplay {
  readonly #terminal: Terminal;
  readonly #items: readonly ProgressItem[];
  readonly #now: () => number;
  readonly #startMilliseconds: number;
  readonly #readBytes: number[];
  readonly #isDone: boolean[];
  /** By digest: bytes that are there, and those of them that were there from the start. */
  readonly #received = new Map<string, { bytes: number; readonly keptBytes: number }>();
  #isConverting = false;
  #isFinishing = false;
  #lineCount = 0;
  #drawnMilliseconds = -Infinity;

  /** `now` answers milliseconds; the items are in the order of the layers where events name those. */
  constructor(
    terminal: Terminal,
    items: readonly ProgressItem[],
    now: () => number = () => performance.now(),
  ) {
    this.#terminal = terminal;
    this.#items = items;
    this.#now = now;
    this.#startMilliseconds = now();
    this.#readBytes = items.map(() => 0);
    this.#isDone = items.map(() => false);
  }

  /** Takes an event and draws when it is time. */
  update(event: ConvertProgress | DownloadProgress): void {
    if (event.kind === "finish") {
      this.#isFinishing = true;
    } else if (event.kind === "layer") {
      this.#isConverting = true;
      const { index } = event.layer;
      // What is added on the way was not known when this began.
      if (index < this.#items.length) {
        this.#readBytes[index] = event.readBytes;
        this.#isDone[index] = event.done;
      }
    } else {
      const { digest, receivedBytes } = event;
      const known = this.#received.get(digest);
      if (known === undefined) {
        this.#received.set(digest, { bytes: receivedBytes, keptBytes: receivedBytes });
      } else {
        known.bytes = receivedBytes;
      }
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
    const lines = this.#lines(now, columns).map((line) => line.slice(0, columns));
    const back = this.#lineCount === 0 ? "" : `\x1b[${this.#lineCount}A\r\x1b[0J`;
    this.#terminal.writeError(`${back}${lines.join("\n")}\n`);
    this.#lineCount = lines.length;
  }

  #lines(now: number, columns: number): string[] {
    const total = sum(this.#items.map((item) => item.size));
    // Of a directory nobody knows how much is in it.
    const wholeBar = total === 0 ? "" : `${this.#wholeBar(total)} `;
    const parts = this.#headParts(total, now);
    // What fits: the last is the least interesting.
    while (parts.length > 2 && wholeBar.length + parts.join(", ").length > columns) parts.pop();
    const lines = [wholeBar + parts.join(", ")];
    if (total === 0) return lines;
    if (this.#isFinishing) return lines;
    for (const [index, item] of this.#items.entries()) {
      const read = this.#readBytes[index];
      const received = this.#receivedOf(item);
      const isUnderWay = read > 0 || (received > 0 && received < item.size);
      if (!isUnderWay || this.#isDone[index] || lines.length > MAX_LAYER_LINES) continue;
      lines.push(`${bar(read, received, item.size)} ${item.name}, ${formatSize(item.size)}`);
    }
    return lines;
  }

  #wholeBar(total: number): string {
    const received = sum(this.#items.map((item) => this.#receivedOf(item)));
    return bar(sum(this.#readBytes), received, total);
  }

  /** The rate is that of what is slower: the download, as long as there is one. */
  #headParts(total: number, now: number): string[] {
    const seconds = (now - this.#startMilliseconds) / 1000;
    const received = sum(this.#items.map((item) => this.#receivedOf(item)));
    const isLoading = this.#received.size > 0 && received < total;
    const kept = isLoading ? sum([...this.#received.values()].map((it) => it.keptBytes)) : 0;
    const done = isLoading ? received : sum(this.#readBytes);
    const rate = seconds > 0 ? (done - kept) / seconds : 0;
    const isRunning = rate > 0 && done < total;
    return [
      this.#isFinishing ? "writing the file system" : this.#countText(),
      total === 0
        ? formatSize(done)
        : `${formatSize(done)} of ${formatSize(total)}${isLoading ? " loaded" : ""}`,
      ...(isRunning ? [`${durationText((total - done) / rate)} left`] : []),
      ...(seconds > 0 ? [`${formatSize(rate)}/s`] : []),
    ];
  }

  #countText(): string {
    const count = this.#isConverting || this.#received.size === 0
      ? this.#isDone.filter(Boolean).length
      : this.#items.filter((item) => this.#receivedOf(item) === item.size).length;
    return `layers ${count}/${this.#items.length}`;
  }

  #receivedOf(item: ProgressItem): number {
    return item.digest === null ? 0 : this.#received.get(item.digest)?.bytes ?? 0;
  }
}

function bar(read: number, received: number, whole: number): string {
  const share = (part: number) => whole === 0 ? 1 : Math.min(1, part / whole);
  const readColumns = Math.floor(share(read) * BAR_COLUMNS);
  const receivedColumns = Math.floor(share(received) * BAR_COLUMNS);
  const done = "=".repeat(readColumns).padEnd(receivedColumns, "-");
  const percent = `${Math.floor(share(read > 0 ? read : received) * 100)}%`.padStart(4);
  return `[${done.padEnd(BAR_COLUMNS)}]${percent}`;
}

/** `5 s`, `12 min`, `3.5 h`. */
function durationText(seconds: number): string {
  if (seconds < 99.5) return `${Math.ceil(seconds)} s`;
  if (seconds < 99.5 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
