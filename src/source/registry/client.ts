/**
 * The client of the OCI distribution protocol (distribution-spec 1.1): reads manifests, blobs, tags
 * and referrers.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { parseDigest } from "../../oci/digest.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import { checkTag, formatRepository, type Repository } from "../../oci/registry_reference.ts";
import { BlobDownload } from "./blob_download.ts";
import type { BlobReceiver } from "./blob_receiver.ts";
import { type ClientParts, createClientParts } from "./client_parts.ts";
import type { Endpoint } from "./endpoint.ts";
import type { EndpointVisit } from "./endpoint_walk.ts";
import { requestForeignBlob } from "./foreign_blob.ts";
import { ACCEPTED_MANIFESTS, checkManifest, type RegistryManifest } from "./manifest_answer.ts";
import type { RegistryOptions } from "./options.ts";
import { type Page, readPages } from "./paged_list.ts";
import { readDocument } from "./read_document.ts";
import { collectReferrers, referrersTag, referrersTarget } from "./referrer_list.ts";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import { collectTags } from "./tag_list.ts";

/** Tags on one page, as far as the registry allows. */
const TAGS_PER_PAGE = 1000;

/**
 * Reads from registries. Close it when it is of no more use.
 *
 * Its methods throw `RegistryError` (code `REGISTRY`, `NOT_FOUND` or `DIGEST_MISMATCH`),
 * `ImageError` `CORRUPT`, `UNSUPPORTED`, `LIMIT_EXCEEDED` or `PERMISSION`, and the signal's reason
 * when cancelled.
 */
export class RegistryClient {
  readonly #parts: ClientParts;

  /**
   * Reads the machine's settings; connects to nothing.
   *
   * Throws `ImageError` `CORRUPT` for malformed settings or mirrors.
   */
  constructor(options: RegistryOptions = {}) {
    this.#parts = createClientParts(options);
  }

  /**
   * A manifest or index, by tag or digest. Its bytes are checked against the digest that was asked
   * for, or else against the one that the registry announces.
   */
  async manifest(
    repository: Repository,
    reference: string,
    signal?: AbortSignal,
  ): Promise<RegistryManifest> {
    const isDigest = reference.includes(":");
    if (isDigest) parseDigest(reference);
    else checkTag(reference);
    const name = `${formatRepository(repository)}${isDigest ? "@" : ":"}${reference}`;
    const wanted: EndpointVisit = {
      repository,
      kind: isDigest ? "digest" : "tag",
      what: `manifest ${quote(name)}`,
      signal,
    };
    return await this.#parts.walk.visit(
      wanted,
      (endpoint, retry) =>
        this.#parts.walk.repeat(wanted, retry, async () => {
          const { what } = wanted;
          const response = await this.#parts.exchange.get({
            endpoint,
            target: `/v2/${endpoint.path}/manifests/${reference}`,
            headers: { accept: ACCEPTED_MANIFESTS },
            what,
          }, signal);
          const bytes = await readDocument(response, what, {
            limitBytes: LARGEST_DOCUMENT_BYTES,
            timeoutMilliseconds: this.#parts.timing.documentTimeoutMilliseconds,
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
   * Throws also what `into` throws.
   */
  async blob(
    repository: Repository,
    descriptor: Descriptor,
    into: BlobReceiver,
    signal?: AbortSignal,
  ): Promise<void> {
    const download = new BlobDownload(descriptor, into);
    const { walk, exchange } = this.#parts;
    const what = `blob ${quote(descriptor.digest)}`;
    const used: Endpoint[] = [];
    await walk.visit({ repository, kind: "digest", what, signal }, (endpoint, retry) => {
      used.push(endpoint);
      const target = `/v2/${endpoint.path}/blobs/${descriptor.digest}`;
      const request = (headers: Readonly<Record<string, string>>) =>
        exchange.get({ endpoint, target, headers, what, accepted: [416] }, signal);
      return download.run(request, retry, (error) => walk.logRetry(what, error), signal);
    });
    try {
      download.finish();
    } catch (error) {
      // Which of them sent the wrong bytes is not known.
      used.forEach((endpoint) => walk.avoid(endpoint));
      throw error;
    }
  }

  /**
   * Downloads a blob like {@linkcode RegistryClient.blob}, but from the `urls` of its descriptor,
   * without any credentials.
   */
  async foreignBlob(
    descriptor: Descriptor,
    into: BlobReceiver,
    signal?: AbortSignal,
  ): Promise<void> {
    const download = new BlobDownload(descriptor, into);
    const { transport, timing, walk } = this.#parts;
    const what = `blob ${quote(descriptor.digest)}`;
    let failure: unknown = new ImageError(
      "NOT_FOUND",
      `Cannot read ${what}: its descriptor has no urls, expected one`,
    );
    for (const url of descriptor.urls) {
      const request = (headers: Readonly<Record<string, string>>) =>
        requestForeignBlob(transport, url, headers, what, signal);
      try {
        const onRetry = (error: unknown) => walk.logRetry(what, error);
        await download.run(request, new Retry(timing), onRetry, signal);
        return download.finish();
      } catch (error) {
        if (!(error instanceof RegistryError) || signal?.aborted) throw error;
        failure = error;
      }
    }
    throw failure;
  }

  /** All tags of a repository. */
  async tags(repository: Repository, signal?: AbortSignal): Promise<string[]> {
    const name = formatRepository(repository);
    const wanted: EndpointVisit = {
      repository,
      kind: "tag",
      what: `tags of ${quote(name)}`,
      signal,
    };
    return await this.#parts.walk.visit(wanted, (endpoint, retry) => {
      const first = `/v2/${endpoint.path}/tags/list?n=${TAGS_PER_PAGE}`;
      return collectTags(this.#pages(wanted, endpoint, retry, first, []), name);
    });
  }

  /**
   * What refers to the manifest of `digest`, of one type where `artifactType` is given. Where the
   * registry does not know the referrers API, the list that its clients keep under a tag is read.
   */
  async referrers(
    repository: Repository,
    digest: string,
    artifactType?: string,
    signal?: AbortSignal,
  ): Promise<Descriptor[]> {
    const type = artifactType ?? null;
    const fallback = referrersTag(digest);
    const what = `referrers of ${quote(`${formatRepository(repository)}@${digest}`)}`;
    const wanted: EndpointVisit = { repository, kind: "digest", what, signal };
    const found = await this.#parts.walk.visit(wanted, async (endpoint, retry) => {
      const pages: Page[] = [];
      const first = referrersTarget(endpoint.path, digest, type);
      for await (const page of this.#pages(wanted, endpoint, retry, first, [400, 404, 405])) {
        pages.push(page);
      }
      return pages.length === 0 ? null : await collectReferrers(pages, digest, type);
    });
    return found ?? await this.#taggedReferrers(repository, digest, fallback, type, signal);
  }

  /** Closes connections and ends what is under way. */
  close(): void {
    this.#parts.closing.abort(new RegistryError("Cannot go on: the registry client was closed"));
    this.#parts.transport.close();
  }

  async #taggedReferrers(
    repository: Repository,
    digest: string,
    tag: string,
    artifactType: string | null,
    signal?: AbortSignal,
  ): Promise<Descriptor[]> {
    try {
      const { bytes } = await this.manifest(repository, tag, signal);
      return await collectReferrers([{ bytes }], digest, artifactType);
    } catch (error) {
      if (error instanceof ImageError && error.code === "NOT_FOUND") return [];
      throw error;
    }
  }

  #pages(
    wanted: EndpointVisit,
    endpoint: Endpoint,
    retry: Retry,
    first: string,
    absent: readonly number[],
  ): AsyncGenerator<Page> {
    const { walk, exchange, timing } = this.#parts;
    const { what, signal } = wanted;
    return readPages({
      what,
      first,
      timeoutMilliseconds: timing.documentTimeoutMilliseconds,
      get: (target) =>
        walk.repeat(wanted, retry, async () => {
          const headers = { accept: "application/json, application/vnd.oci.image.index.v1+json" };
          const request = { endpoint, target, headers, what, accepted: absent };
          const response = await exchange.get(request, signal);
          if (!absent.includes(response.status)) return response;
          response.cancel();
          return null;
        }),
    });
  }
}
