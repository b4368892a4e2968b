/**
 * Long output: written in pieces as it comes, and ended quietly where nobody reads it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import type { ByteString } from "../bytes/byte_string.ts";
import { pause } from "../layer/pause.ts";
import type { Terminal } from "./terminal.ts";

/** Characters that are collected before they are written. */
const PIECE_SIZE = 64 * 1024;
/** Lines after which signals get their turn. */
const LINES_OF_A_TURN = 1000;

/** Whoever reads the output has gone (`| head`): there is nothing more to do. */
export class OutputClosed extends Error {
  /** Creates the reason to stop. */
  constructor() {
    super("Standard output was closed");
    this.name = "OutputClosed";
  }
}

/** Standard output for commands that write a lot. */
export class OutputStream {
  readonly #terminal: Terminal;
  readonly #signal: AbortSignal;
  #pieces: ByteString[] = [];
  #size = 0;
  #turns = 0;

  /** Writes to `terminal`; `turn` throws the reason of `signal`. */
  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#terminal = terminal;
    this.#signal = signal;
  }

  /** Writes text, one byte for each char. Throws {@linkcode OutputClosed}, or `ImageError` `IO`. */
  write(text: ByteString): void {
    this.#pieces.push(text);
    this.#size += text.length;
    if (this.#size >= PIECE_SIZE) this.flush();
  }

  /** Writes bytes. Throws like `write`. */
  writeBytes(bytes: Uint8Array): void {
    this.flush();
    if (!this.#terminal.writeBytes(bytes)) throw new OutputClosed();
  }

  /** Writes what was collected. Throws like `write`. */
  flush(): void {
    if (this.#size === 0) return;
    const bytes = Buffer.from(this.#pieces.join(""), "latin1");
    this.#pieces = [];
    this.#size = 0;
    if (!this.#terminal.writeBytes(bytes)) throw new OutputClosed();
  }

  /** To be awaited for every line: lets signals in now and then. Throws the reason of the signal. */
  turn(): Promise<void> | undefined {
    return ++this.#turns % LINES_OF_A_TURN === 0 ? this.#letIn() : undefined;
  }

  async #letIn(): Promise<void> {
    await pause();
    this.#signal.throwIfAborted();
  }
}
