/**
 * A proxy in front of a registry that breaks answers on purpose.
 *
 * @module
 */

/** A request as it arrived. */
export interface SeenRequest {
  readonly path: string;
  readonly range: string | null;
  readonly authorization: string | null;
}

/** What the registry answered. */
export interface TrueAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Makes something else of an answer. */
export type Fault = (answer: TrueAnswer, request: Request) => Response | Promise<Response>;

/** A running proxy; what no fault is set for passes unchanged. */
export class FaultProxy implements AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Every request so far. */
  readonly seen: SeenRequest[] = [];
  readonly #target: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ending = new AbortController();
  #pattern = /^$/;
  #faults: Fault[] = [];
  #repeats = false;

  /** Starts a proxy in front of `target` (`HOST:PORT`); `tls` are texts in PEM. */
  constructor(target: string, tls: { readonly cert?: string; readonly key?: string } = {}) {
    this.#target = target;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: 0,
      onListen: () => {},
      onError: () => new Response(null, { status: 502 }),
      signal: this.#ending.signal,
      ...tls,
    }, (request) => this.#answer(request));
    this.host = `127.0.0.1:${this.#server.addr.port}`;
  }

  /** The next requests whose path matches get one fault each, in this order. */
  breakNext(pattern: RegExp, ...faults: Fault[]): void {
    this.#pattern = pattern;
    this.#faults = faults;
    this.#repeats = false;
    this.seen.length = 0;
  }

  /** All requests whose path matches get this fault. */
  breakAlways(pattern: RegExp, fault: Fault): void {
    this.breakNext(pattern, fault);
    this.#repeats = true;
  }

  /** Faults that no request has got yet. */
  get faultsLeft(): number {
    return this.#repeats ? 0 : this.#faults.length;
  }

  /** Stops it, whatever hangs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = url.pathname + url.search;
    this.seen.push({
      path,
      range: request.headers.get("range"),
      authorization: request.headers.get("authorization"),
    });
    const headers = new Headers(request.headers);
    headers.delete("host");
    const response = await fetch(`http://${this.#target}${path}`, { headers, redirect: "manual" });
    const answer: TrueAnswer = {
      status: response.status,
      headers: response.headers,
      bytes: new Uint8Array(await response.arrayBuffer()),
    };
    const fault = this.#pattern.test(path)
      ? this.#repeats ? this.#faults[0] : this.#faults.shift()
      : undefined;
    return fault === undefined ? unchanged(answer) : await fault(answer, request);
  }
}

/** The answer as it was. */
export function unchanged({ status, headers, bytes }: TrueAnswer): Response {
  return new Response(status === 304 ? null : bytes, { status, headers });
}

/** The connection breaks after `count` bytes of the body. */
export function dropAfter(count: number): Fault {
  return ({ status, headers, bytes }) =>
    new Response(
      piecewise(bytes.subarray(0, count), (controller) => controller.error(new Error("dropped"))),
      { status, headers },
    );
}

/** The body stops after `count` bytes, and the connection stays. */
export function stallAfter(count: number): Fault {
  return ({ status, headers, bytes }) =>
    new Response(piecewise(bytes.subarray(0, count), () => new Promise(() => {})), {
      status,
      headers,
    });
}

/** No answer at all comes. */
export function neverAnswer(): Fault {
  return () => new Promise(() => {});
}

/** Bytes come one at a time, one every `milliseconds`. */
export function trickle(milliseconds: number): Fault {
  return ({ status, headers, bytes }) => {
    let at = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) =>
        new Promise((resolve) => {
          timer = setTimeout(() => {
            controller.enqueue(bytes.subarray(at, ++at));
            resolve();
          }, milliseconds);
        }),
      cancel: () => clearTimeout(timer),
    });
    return new Response(body, { status, headers });
  };
}

/** Another status, with header fields, and a body in the registry's form. */
export function answerStatus(status: number, fields: Record<string, string> = {}): Fault {
  const body = JSON.stringify({ errors: [{ code: "FAULT", message: "of the tests" }] });
  return () => new Response(body, { status, headers: fields });
}

/** The body ends early, and properly: the length says the same. */
export function truncate(count: number): Fault {
  return ({ status, headers, bytes }) => {
    const fields = new Headers(headers);
    fields.set("content-length", `${count}`);
    return new Response(bytes.subarray(0, count), { status, headers: fields });
  };
}

/** The body ends early, and no length was announced. */
export function truncateUnannounced(count: number): Fault {
  return ({ status, headers, bytes }) => {
    const fields = new Headers(headers);
    fields.delete("content-length");
    const body = piecewise(bytes.subarray(0, count), (controller) => controller.close());
    return new Response(body, { status, headers: fields });
  };
}

/** The body has `count` bytes more, and no length was announced. */
export function lengthen(count: number): Fault {
  return ({ status, headers, bytes }) => {
    const fields = new Headers(headers);
    fields.delete("content-length");
    const longer = new Uint8Array(bytes.length + count);
    longer.set(bytes);
    return new Response(piecewise(longer, (controller) => controller.close()), {
      status,
      headers: fields,
    });
  };
}

/** One byte is another one. */
export function corrupt(at: number): Fault {
  return (answer) => {
    const bytes = answer.bytes.slice();
    bytes[at] ^= 1;
    return unchanged({ ...answer, bytes });
  };
}

/** A partial answer says that it is another part. */
export function claimRange(field: string | null): Fault {
  return ({ headers, bytes }) => {
    const fields = new Headers(headers);
    fields.delete("content-range");
    if (field !== null) fields.set("content-range", field);
    return new Response(bytes, { status: 206, headers: fields });
  };
}

/** A partial answer says that it begins `delta` bytes from where it does. */
export function shiftRange(delta: number): Fault {
  return (answer) => {
    const headers = new Headers(answer.headers);
    const range = headers.get("content-range") ?? "";
    headers.set(
      "content-range",
      range.replace(/[0-9]+/, (first) => `${Math.max(0, Number(first) + delta)}`),
    );
    return unchanged({ ...answer, headers });
  };
}

/** The whole is sent where a part was asked for: `whole` are its bytes. */
export function ignoreRange(whole: Uint8Array<ArrayBuffer>): Fault {
  return () => new Response(whole, { status: 200 });
}

/** Somewhere else. */
export function redirectTo(location: string): Fault {
  return () => new Response(null, { status: 307, headers: { location } });
}

function piecewise(
  bytes: Uint8Array,
  end: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
): ReadableStream<Uint8Array> {
  let isSent = bytes.length === 0;
  return new ReadableStream({
    async pull(controller) {
      if (isSent) return await end(controller);
      isSent = true;
      controller.enqueue(bytes);
      // What was sent shall arrive before the end does.
      await new Promise((resolve) => setTimeout(resolve, 20));
    },
  }, { highWaterMark: 0 });
}
