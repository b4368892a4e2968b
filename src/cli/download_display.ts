/**
 * Progress of downloads: bars on a terminal, a line for each finished blob elsewhere.
 *
 * @module
 */
import type { ConvertProgress } from "../convert/convert.ts";
import type { DownloadProgress } from "../source/remote/download_progress.ts";
import type { Loudness } from "./notices.ts";
import { ProgressDisplay, type ProgressItem } from "./progress.ts";
import { formatSize } from "./size_text.ts";
import type { Terminal } from "./terminal.ts";

/** Shows how far the work is. */
export interface WorkDisplay {
  /** Says what there is to do, before the first event. */
  begin(items: readonly ProgressItem[]): void;
  /** Takes an event. */
  update(event: ConvertProgress | DownloadProgress): void;
  /** Removes what was drawn, so that a line can be written. */
  clear(): void;
}

/** The display that suits the terminal and the wish for quiet. */
export function downloadDisplay(terminal: Terminal, loudness: Loudness): WorkDisplay {
  if (loudness === "quiet") return new NoDisplay();
  return terminal.isInteractive ? new BarDisplay(terminal) : new LineDisplay(terminal);
}

class NoDisplay implements WorkDisplay {
  begin(): void {}
  update(): void {}
  clear(): void {}
}

class BarDisplay implements WorkDisplay {
  readonly #terminal: Terminal;
  #display: ProgressDisplay | null = null;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  begin(items: readonly ProgressItem[]): void {
    this.#display = new ProgressDisplay(this.#terminal, items);
  }

  update(event: ConvertProgress | DownloadProgress): void {
    this.#display?.update(event);
  }

  clear(): void {
    this.#display?.clear();
  }
}

class LineDisplay implements WorkDisplay {
  readonly #terminal: Terminal;
  readonly #begun = new Set<string>();
  #items: readonly ProgressItem[] = [];

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  begin(items: readonly ProgressItem[]): void {
    this.#items = items;
  }

  /** Blobs that were there already have no event but the last. */
  update(event: ConvertProgress | DownloadProgress): void {
    if (event.kind !== "download") return;
    if (!event.done) {
      this.#begun.add(event.digest);
    } else if (this.#begun.has(event.digest)) {
      const item = this.#items.find(({ digest }) => digest === event.digest);
      const name = item?.name ?? event.digest;
      this.#terminal.writeError(`oci2rootfs: loaded ${name}, ${formatSize(event.size)}\n`);
    }
  }

  clear(): void {}
}
