/**
 * A JSON array that is written as its elements come, one in a line.
 *
 * @module
 */
import type { OutputStream } from "./output_stream.ts";
import { jsonLine } from "./shown_name.ts";

/** An array under way. */
export class JsonArray {
  readonly #output: OutputStream;
  #isEmpty = true;

  /** Begins an array. */
  constructor(output: OutputStream) {
    this.#output = output;
    output.write("[");
  }

  /** Adds an element. */
  push(value: unknown): void {
    this.#output.write(`${this.#isEmpty ? "" : ","}\n${jsonLine(value)}`);
    this.#isEmpty = false;
  }

  /** Adds an element and lets signals in. Rejects like `OutputStream`. */
  async add(value: unknown): Promise<void> {
    this.push(value);
    await this.#output.turn();
  }

  /** Ends it. */
  finish(): void {
    this.#output.write(this.#isEmpty ? "]\n" : "\n]\n");
  }
}
