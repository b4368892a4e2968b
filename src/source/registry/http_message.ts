/**
 * One HTTP exchange, whatever carries it.
 *
 * @module
 */

/** What is sent. */
export interface HttpRequest {
  /** Where to. */
  readonly url: URL;
  /** `GET`, or `POST` with a body. */
  readonly method: "GET" | "POST";
  /** Header fields. */
  readonly headers: Readonly<Record<string, string>>;
  /** Body of a `POST`. */
  readonly body?: string;
  /** `false`: the server's certificate is not verified. */
  readonly verify: boolean;
  /** Whether this is a server that the given client certificate is for. */
  readonly identify: boolean;
}

/** What came back; its body is pulled piece by piece. */
export interface HttpResponse {
  /** Where it came from. */
  readonly url: URL;
  /** HTTP status. */
  readonly status: number;
  /** Header fields. */
  readonly headers: Headers;
  /** The next piece of the body, `null` at its end. Throws `RegistryError` where it breaks. */
  read(): Promise<Uint8Array | null>;
  /** Gives up what was not read; to be called once the response is of no more use. */
  cancel(): void;
}
