/**
 * The client of the OCI distribution protocol (distribution-spec 1.1): reads manifests, blobs, tags
 * and referrers.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { quoteText } from "../../oci/quote.ts";
import { formatRepository, type Repository } from "../../oci/registry_reference.ts";
import { Authorizer } from "./authorizer.ts";
import { BlobDownload } from "./blob_download.ts";
import type { BlobReceiver } from "./blob_receiver.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointName } from "./endpoint.ts";
import { EndpointList, type ReferenceKind } from "./endpoint_list.ts";
import { RegistryExchange } from "./exchange.ts";
import { HttpTransport } from "./http_transport.ts";
import { ACCEPTED_MANIFESTS, checkManifest, type RegistryManifest } from "./manifest_answer.ts";
import type { RegistryOptions } from "./options.ts";
import { readDocument } from "./read_document.ts";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import { SchemeProbe } from "./scheme_probe.ts";
import { DEFAULT_TIMING, type RegistryTiming } from "./timing.ts";
import { TlsSettings } from "./tls_settings.ts";
import { processEnvironment } from "./environment.ts";

/** Repetitions at a mirror: what follows it may do better. */
const MIRROR_RETRY_LIMIT = 1;

/** What may be asked in the place of a registry that is not there. */
type Attempt<T> = (endpoint: Endpoint, retry: Retry) => Promise<T>;

/** Reads from registries. Close it when it is of no more use. */
export class RegistryClient {
  readonly #timing: RegistryTiming;
  readonly #transport: HttpTransport;
  readonly #exchange: RegistryExchange;
  readonly #endpoints: EndpointList;
  readonly #closing = new AbortController();
  readonly #log = getLogger(["oci2rootfs", "registry"]);
  /** Mirrors that could not be reached or sent wrong bytes: they are not asked again. */
  readonly #avoided = new Set<string>();

  /** Reads the machine's settings; connects to nothing. */
  constructor(options: RegistryOptions = {}) {
    const environment = options.environment ?? processEnvironment;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const tls = new TlsSettings({
      authorities: options.authorities ?? [],
      client: options.clientCertificate ?? null,
    }, environment);
    this.#transport = new HttpTransport(tls, this.#timing);
    this.#endpoints = new EndpointList([], new Map(), options.insecure ?? false);
    const authorizer = new Authorizer({
      credentials: { find: () => Promise.resolve(null) },
      transport: this.#transport,
      timing: this.#timing,
      closing: this.#closing.signal,
    });
    this.#exchange = new RegistryExchange(
      this.#transport,
      authorizer,
      new SchemeProbe(this.#transport),
    );
  }

  /**
   * A manifest or index, by tag or digest; its bytes are checked against the digest.
   *
   * Throws `RegistryError` (code `REGISTRY`, or `NOT_FOUND`, `DIGEST_MISMATCH`), `ImageError`
   * `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED`, `PERMISSION`; the signal's reason when cancelled.
   */
  async manifest(
    repository: Repository,
    reference: string,
    signal?: AbortSignal,
  ): Promise<RegistryManifest> {
    const isDigest = reference.includes(":");
    if (isDigest) parseDigest(reference);
    const name = `${formatRepository(repository)}${isDigest ? "@" : ":"}${reference}`;
    const what = `manifest "${quoteText(name)}"`;
    const kind = isDigest ? "digest" : "tag";
    return await this.#atEndpoints(
      repository,
      kind,
      what,
      signal,
      (endpoint, retry) =>
        this.#repeated(retry, what, signal, async () => {
          const response = await this.#exchange.get({
            endpoint,
            target: `/v2/${endpoint.path}/manifests/${reference}`,
            headers: { accept: ACCEPTED_MANIFESTS },
            what,
          }, signal);
          const bytes = await readDocument(response, what, {
            limitBytes: LARGEST_DOCUMENT_BYTES,
            timeoutMilliseconds: this.#timing.documentTimeoutMilliseconds,
          });
          return checkManifest(bytes, {
            what,
            wanted: isDigest ? reference : null,
            announced: response.headers.get("docker-content-digest"),
            contentType: response.headers.get("content-type"),
          });
        }),
    );
  }

  /**
   * Downloads a blob in order into `into`, from its start or from where an earlier download ended.
   * It goes on where the connection breaks, is never longer than its descriptor says, and its
   * digest is verified at the end; until then nothing of what was written can be trusted.
   *
   * Throws like {@linkcode RegistryClient.manifest}, and what `into` throws.
   */
  async blob(
    repository: Repository,
    descriptor: Descriptor,
    into: BlobReceiver,
    signal?: AbortSignal,
  ): Promise<void> {
    const download = new BlobDownload(descriptor, into);
    const what = `blob "${descriptor.digest}"`;
    let last: Endpoint | null = null;
    await this.#atEndpoints(repository, "digest", what, signal, (endpoint, retry) => {
      last = endpoint;
      return download.run(
        (headers) =>
          this.#exchange.get({
            endpoint,
            target: `/v2/${endpoint.path}/blobs/${descriptor.digest}`,
            headers,
            what,
            accepted: [416],
          }, signal),
        retry,
        (error) => this.#logRetry(what, error),
        signal,
      );
    });
    try {
      download.finish();
    } catch (error) {
      this.#avoid(last);
      throw error;
    }
  }

  /** Closes connections and ends what is under way. */
  close(): void {
    this.#closing.abort(new RegistryError("Cannot go on: the registry client was closed"));
    this.#transport.close();
  }

  /** Asks the mirrors and then the registry, until one has it. */
  async #atEndpoints<T>(
    repository: Repository,
    kind: ReferenceKind,
    what: string,
    signal: AbortSignal | undefined,
    attempt: Attempt<T>,
  ): Promise<T> {
    const all = this.#endpoints.endpointsFor(repository, kind);
    const endpoints = all.filter((it) => !this.#avoided.has(endpointName(it)));
    for (const [index, endpoint] of endpoints.entries()) {
      const isLast = index === endpoints.length - 1;
      const retry = isLast ? new Retry(this.#timing) : new Retry(this.#timing, MIRROR_RETRY_LIMIT);
      this.#log.debug("reading {what} from {place}", { what, place: endpointName(endpoint) });
      try {
        return await attempt(endpoint, retry);
      } catch (error) {
        if (isLast || signal?.aborted || !(error instanceof ImageError)) throw error;
        if (error instanceof RegistryError && error.isUnreachable) this.#avoid(endpoint);
        if (error.code === "DIGEST_MISMATCH") this.#avoid(endpoint);
        this.#log.info("{place} has no {what}, the next place is asked: {reason}", {
          place: endpointName(endpoint),
          what,
          reason: error.message,
        });
      }
    }
    throw new RegistryError(`Cannot read ${what}: there is no registry to ask, expected one`);
  }

  async #repeated<T>(
    retry: Retry,
    what: string,
    signal: AbortSignal | undefined,
    read: () => Promise<T>,
  ): Promise<T> {
    while (true) {
      try {
        return await read();
      } catch (error) {
        await retry.pause(error, signal);
        this.#logRetry(what, error);
      }
    }
  }

  #avoid(endpoint: Endpoint | null): void {
    if (endpoint?.isMirror) this.#avoided.add(endpointName(endpoint));
  }

  #logRetry(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : "it failed";
    this.#log.info("trying {what} again: {reason}", { what, reason });
  }
}
