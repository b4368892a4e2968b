/**
 * Asking the mirrors of a repository and then its registry, until one has what is wanted.
 *
 * @module
 */
import { getLogger } from "@logtape/logtape";
import { ImageError, type ImageErrorCode } from "../../image_error.ts";
import type { Repository } from "../../oci/registry_reference.ts";
import { type Endpoint, endpointName } from "./endpoint.ts";
import type { EndpointList, ReferenceKind } from "./endpoint_list.ts";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import type { RegistryTiming } from "./timing.ts";

/** Repetitions at a mirror: what follows it may do better. */
const MIRROR_RETRY_LIMIT = 1;

/** Errors that another server may not have; the rest is our own (a full disk, say). */
const OF_THE_SERVER: ReadonlySet<ImageErrorCode> = new Set([
  "REGISTRY",
  "NOT_FOUND",
  "DIGEST_MISMATCH",
  "CORRUPT",
  "UNSUPPORTED",
  "LIMIT_EXCEEDED",
]);

/** What is wanted. */
export interface EndpointVisit {
  /** The repository it is in. */
  readonly repository: Repository;
  /** How it is asked for. */
  readonly kind: ReferenceKind;
  /** For messages, as `manifest "docker.io/library/nginx:1.27"`. */
  readonly what: string;
  /** Ends the visit. */
  readonly signal?: AbortSignal;
}

/** Walks over endpoints, and remembers which mirrors are of no use. */
export class EndpointWalk {
  readonly #endpoints: EndpointList;
  readonly #timing: RegistryTiming;
  readonly #log = getLogger(["oci2rootfs", "registry"]);
  /** Mirrors that could not be reached or sent wrong bytes: they are not asked again. */
  readonly #avoided = new Set<string>();

  /** Takes the order from `endpoints`. */
  constructor(endpoints: EndpointList, timing: RegistryTiming) {
    this.#endpoints = endpoints;
    this.#timing = timing;
  }

  /** What `attempt` answers at the first endpoint that has it; its last error where none has. */
  async visit<T>(
    wanted: EndpointVisit,
    attempt: (endpoint: Endpoint, retry: Retry) => Promise<T>,
  ): Promise<T> {
    const { what, signal } = wanted;
    const endpoints = this.#endpoints.endpointsFor(wanted.repository, wanted.kind)
      .filter((endpoint) => !this.#avoided.has(endpointName(endpoint)));
    for (const endpoint of endpoints) {
      const place = endpointName(endpoint);
      this.#log.debug("reading {what} from {place}", { what, place });
      const { retryLimit } = this.#timing;
      const limit = endpoint.isMirror ? Math.min(MIRROR_RETRY_LIMIT, retryLimit) : retryLimit;
      try {
        return await attempt(endpoint, new Retry(this.#timing, limit));
      } catch (error) {
        const mayGoOn = endpoint.isMirror && error instanceof ImageError &&
          OF_THE_SERVER.has(error.code) && !signal?.aborted;
        if (!mayGoOn) throw error;
        const isUnreachable = error instanceof RegistryError && error.isUnreachable;
        if (isUnreachable || error.code === "DIGEST_MISMATCH") this.avoid(endpoint);
        this.#log.info("mirror {place} is passed over: {reason}", { place, reason: error.message });
      }
    }
    throw new RegistryError(`Cannot read ${what}: there is no registry to ask, expected one`);
  }

  /** Tries `read` again and again, as `retry` allows. */
  async repeat<T>(wanted: EndpointVisit, retry: Retry, read: () => Promise<T>): Promise<T> {
    while (true) {
      try {
        return await read();
      } catch (error) {
        await retry.pause(error, wanted.signal);
        this.logRetry(wanted.what, error);
      }
    }
  }

  /** A mirror sent wrong bytes: it is not asked again. A registry itself stays. */
  avoid(endpoint: Endpoint): void {
    if (endpoint.isMirror) this.#avoided.add(endpointName(endpoint));
  }

  /** Says that something is tried again, and why. */
  logRetry(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : "it failed";
    this.#log.info("trying {what} again: {reason}", { what, reason });
  }
}
