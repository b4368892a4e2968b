/**
 * What commands write to standard output: in pieces as it comes, and never waiting for a reader
 * without hearing signals.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type ByteString, byteStringFrom } from "../bytes/byte_string.ts";
import type { OpenSink } from "../io/byte_sink.ts";
import { pause } from "../layer/pause.ts";
import { OutputClosed, standardOutput } from "./standard_output.ts";
import type { Terminal } from "./terminal.ts";

/** Characters that are collected before they are passed on. */
const PIECE_SIZE = 64 * 1024;
/** Lines after which signals get their turn. */
const LINES_OF_A_TURN = 1000;

/**
 * Standard output of a command. Bytes wait in memory until `turn`, `drain` or `flush` is awaited:
 * each rejects with the reason of the signal, `OutputClosed` where the reader has gone, or
 * `ImageError` `IO` or `OUT_OF_SPACE`. More than a few MiB between two of them are written at once,
 * with the same errors.
 */
export class OutputStream {
  readonly #sink: OpenSink;
  readonly #signal: AbortSignal;
  #pieces: ByteString[] = [];
  #size = 0;
  #position = 0;
  #turns = 0;
  #isFull = false;
  #sending: Promise<void> | null = null;
  #hasFailed = false;

  /** Writes to `terminal` until `signal` is aborted. */
  constructor(terminal: Terminal, signal: AbortSignal) {
    this.#sink = standardOutput(signal, terminal.outputPipe).open();
    this.#signal = signal;
  }

  /** Writes text, one byte for each char. */
  write(text: ByteString): void {
    this.#pieces.push(text);
    this.#size += text.length;
    if (this.#size >= PIECE_SIZE) this.#passPieces();
  }

  /** Writes bytes. */
  writeBytes(bytes: Uint8Array): void {
    if (bytes.length < PIECE_SIZE) return this.write(byteStringFrom(bytes));
    this.#passPieces();
    this.#pass(bytes);
  }

  /** Writes `byteCount` zeros. */
  skip(byteCount: number): void {
    this.#passPieces();
    this.#position += byteCount;
    this.#sink.truncate(this.#position);
    this.#isFull = true;
  }

  /**
   * Writes text that somebody may wait for, without being waited for: it goes out as soon as nothing
   * else is under way. What fails is told by `flush`, and nothing more is kept then.
   */
  send(text: ByteString): void {
    if (this.#hasFailed) return;
    this.write(text);
    this.#passPieces();
    if (this.#sending !== null) return;
    this.#sending = this.#sink.drain!();
    this.#sending.then(() => this.#sending = null, () => this.#hasFailed = true);
  }

  /** To be awaited for every line: lets signals in now and then. */
  turn(): Promise<void> | undefined {
    return this.#isFull || ++this.#turns % LINES_OF_A_TURN === 0 ? this.#letIn() : undefined;
  }

  /** Waits until all but the last text is written. */
  async drain(): Promise<void> {
    await this.#sending;
    this.#isFull = false;
    await this.#sink.drain!();
    this.#signal.throwIfAborted();
  }

  /** Waits until everything is written. */
  async flush(): Promise<void> {
    this.#passPieces();
    await this.drain();
  }

  /** The same for what nobody has to read: all is well where the reader has gone. */
  async end(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      if (!(error instanceof OutputClosed)) throw error;
    }
  }

  async #letIn(): Promise<void> {
    await pause();
    this.#signal.throwIfAborted();
    if (this.#isFull) await this.drain();
  }

  #passPieces(): void {
    if (this.#size === 0) return;
    const bytes = Buffer.from(this.#pieces.join(""), "latin1");
    this.#pieces = [];
    this.#size = 0;
    this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    this.#sink.write(bytes, this.#position);
    this.#position += bytes.length;
    this.#isFull = true;
  }
}

/** Writes what a command answers when its work is done. Rejects like {@linkcode OutputStream.end}. */
export async function writeAnswer(
  answer: string | Uint8Array,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const output = new OutputStream(terminal, signal);
  output.writeBytes(typeof answer === "string" ? new TextEncoder().encode(answer) : answer);
  await output.end();
}
