/**
 * A response whose body may not stall.
 *
 * @module
 */
import { quote } from "../../oci/quote.ts";
import type { HttpResponse } from "./http_message.ts";
import { networkError } from "./network_error.ts";
import { RegistryError } from "./registry_error.ts";

/** Bytes that each stall timeout must bring at least. */
const LEAST_PROGRESS = 1024;

/** Head and body as a carrier (`fetch`, `node:https`) gives them. */
export interface RawResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The pieces of the body. */
  readonly body: AsyncIterator<Uint8Array> | null;
}

/** Bounds the waiting for a body; only the waiting counts, not what the reader does in between. */
export class TimedResponse implements HttpResponse {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  readonly #body: AsyncIterator<Uint8Array> | null;
  readonly #lifetime: RequestLifetime;
  readonly #stallMilliseconds: number;
  #waitedMilliseconds = 0;
  #progressBytes = 0;
  #isOver = false;

  /** Wraps the answer from `url`. */
  constructor(url: URL, raw: RawResponse, lifetime: RequestLifetime, stallMilliseconds: number) {
    this.url = url;
    this.status = raw.status;
    this.headers = raw.headers;
    this.#body = raw.body;
    this.#lifetime = lifetime;
    this.#stallMilliseconds = stallMilliseconds;
  }

  /** See {@linkcode HttpResponse.read}. */
  async read(): Promise<Uint8Array | null> {
    if (this.#isOver || this.#body === null) return this.#end();
    const before = performance.now();
    const left = Math.max(1, this.#stallMilliseconds - this.#waitedMilliseconds);
    const timer = setTimeout(() => this.#lifetime.abort(this.#stalled()), left);
    try {
      const { done, value } = await this.#lifetime.race(this.#body.next());
      if (done) return this.#end();
      this.#count(value.length, performance.now() - before);
      return value;
    } catch (error) {
      const reason = this.#lifetime.reason(error, this.url);
      this.cancel();
      throw reason;
    } finally {
      clearTimeout(timer);
    }
  }

  /** See {@linkcode HttpResponse.cancel}. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    // What breaks while giving up is of no interest any more.
    this.#body?.return?.().then(undefined, () => {});
    this.#lifetime.abort(new RegistryError("Cannot read response: it was given up"));
  }

  #end(): null {
    this.#isOver = true;
    this.#lifetime.close();
    return null;
  }

  #count(bytes: number, milliseconds: number): void {
    this.#progressBytes += bytes;
    this.#waitedMilliseconds += milliseconds;
    if (this.#progressBytes < LEAST_PROGRESS) return;
    this.#progressBytes = 0;
    this.#waitedMilliseconds = 0;
  }

  #stalled(): RegistryError {
    return new RegistryError(
      `Cannot read from ${quote(this.url.host)}: ${this.#progressBytes} bytes came in ` +
        `${this.#stallMilliseconds / 1000} s, expected ${LEAST_PROGRESS} or the end`,
      { isTemporary: true },
    );
  }
}

/** Joins the caller's signal and our own timeouts for one request and its answer. */
export class RequestLifetime {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #closing: AbortSignal;
  readonly #forward = () => this.#controller.abort(this.#outer?.reason);
  readonly #forwardClosing = () => this.#controller.abort(this.#closing.reason);

  /**
   * Follows the caller's signal `outer`, and `closing`, which ends everything; throws the reason of
   * one that has been aborted already.
   */
  constructor(outer: AbortSignal | undefined, closing: AbortSignal) {
    outer?.throwIfAborted();
    closing.throwIfAborted();
    this.#outer = outer;
    this.#closing = closing;
    outer?.addEventListener("abort", this.#forward);
    closing.addEventListener("abort", this.#forwardClosing);
  }

  /** Aborted by the caller, by a timeout, or by giving up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends the request for a reason of our own. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** `promise`, or the rejection with the reason as soon as the request is aborted. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    if (signal.aborted) {
      promise.then(undefined, () => {});
      throw signal.reason;
    }
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort);
    });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** What to throw for `error`: the reason of the abort, or what the network did. */
  reason(error: unknown, url: URL): unknown {
    if (this.#outer?.aborted) return this.#outer.reason;
    return networkError(this.signal.aborted ? this.signal.reason : error, url);
  }

  /** Stops following the signals. */
  close(): void {
    this.#outer?.removeEventListener("abort", this.#forward);
    this.#closing.removeEventListener("abort", this.#forwardClosing);
  }
}
