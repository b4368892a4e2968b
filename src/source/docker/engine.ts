/**
 * Docker's engine over its socket: what images it has, and an image as `docker save` writes it
 * (Engine API, "Images").
 *
 * @module
 */
import * as v from "valibot";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { optionalText, optionalTexts } from "../../oci/fields.ts";
import { checkDocument, LARGEST_DOCUMENT_BYTES, parseJson } from "../../oci/json_document.ts";
import { quote } from "../../oci/quote.ts";
import type { LocalImage } from "../local_images.ts";
import { pathKind } from "../path_kind.ts";
import { type SpooledArchive, spoolStream } from "../spooled_archive.ts";

const listSchema = v.array(v.object({
  Id: v.string(),
  RepoTags: optionalTexts,
  RepoDigests: optionalTexts,
}));
const errorSchema = v.object({ message: optionalText });

/** A client of one engine; close it. */
export class DockerEngine {
  readonly #socket: string;
  readonly #client: Deno.HttpClient;
  readonly #signal: AbortSignal | undefined;

  /** Throws `ImageError` `NOT_FOUND` where there is no socket, `PERMISSION` or `IO`. */
  constructor(socket: string, signal?: AbortSignal) {
    if (pathKind(socket) !== "other") {
      throw new ImageError(
        "NOT_FOUND",
        `Cannot ask Docker at ${quote(socket)}: no socket is there, expected that of a running ` +
          "engine",
      );
    }
    this.#socket = socket;
    this.#signal = signal;
    try {
      this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    } catch (error) {
      throw systemError(error, "ask Docker at", socket);
    }
  }

  /** All images. Throws `ImageError`; the signal's reason when cancelled. */
  async images(): Promise<LocalImage[]> {
    const document = { kind: "list of images of", name: this.#socket };
    const bytes = await this.#document(await this.#get("/images/json"));
    const list = checkDocument(listSchema, parseJson(bytes, document), document);
    return list.map(({ Id, RepoTags, RepoDigests }) => ({
      id: Id.replace(/^sha256:/, ""),
      names: RepoTags.filter((name) => name !== "<none>:<none>"),
      digests: [Id, ...RepoDigests.map((name) => name.slice(name.indexOf("@") + 1))],
      platform: () => null,
    }));
  }

  /**
   * Writes the image `name` as an archive to a temporary file. Throws `ImageError`; the signal's
   * reason when cancelled.
   */
  async export(name: string): Promise<SpooledArchive> {
    const response = await this.#get(`/images/${encodeURIComponent(name)}/get`);
    if (response.body === null) throw this.#brokenOff();
    try {
      return await spoolStream(response.body, this.#signal);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** Gives the connection back. */
  close(): void {
    this.#client.close();
  }

  async #get(path: string): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`http://docker${path}`, {
        client: this.#client,
        signal: this.#signal ?? null,
      });
    } catch (error) {
      throw this.#explained(error);
    }
    if (response.status === 200) return response;
    const bytes = await this.#document(response);
    throw new ImageError(
      response.status === 404 ? "NOT_FOUND" : "IO",
      `Cannot ask Docker at ${quote(this.#socket)}: it answers ${response.status} ` +
        `(${quote(errorText(bytes))}), expected 200`,
    );
  }

  /** A whole small answer. */
  async #document(response: Response): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    let size = 0;
    try {
      for await (const piece of response.body ?? []) {
        size += piece.length;
        if (size > LARGEST_DOCUMENT_BYTES) {
          throw new ImageError(
            "LIMIT_EXCEEDED",
            `Cannot ask Docker at ${quote(this.#socket)}: its answer is larger than ` +
              `${LARGEST_DOCUMENT_BYTES} bytes, expected at most that`,
          );
        }
        pieces.push(piece);
      }
    } catch (error) {
      throw this.#explained(error);
    }
    return new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
  }

  #explained(cause: unknown): unknown {
    if (this.#signal?.aborted) return this.#signal.reason;
    if (cause instanceof ImageError) return cause;
    const error = systemError(cause, "ask Docker at", this.#socket);
    if (error instanceof ImageError) return error;
    // What `fetch` throws where there is no connection, or no more.
    return cause instanceof TypeError ? this.#brokenOff(cause) : cause;
  }

  #brokenOff(cause?: Error): ImageError {
    const isRefused = /\(Connect\)/.test(`${cause?.message}`);
    return new ImageError(
      /permission denied/i.test(`${cause?.message}`) ? "PERMISSION" : "IO",
      `Cannot ask Docker at ${quote(this.#socket)}: ` +
        `${isRefused ? "the socket refuses the connection" : "the connection broke"}, expected a ` +
        "running engine that may be asked",
      { cause },
    );
  }
}

function errorText(bytes: Uint8Array): string {
  try {
    const document = { kind: "answer of", name: "docker" };
    return checkDocument(errorSchema, parseJson(bytes, document), document).message;
  } catch (error) {
    if (error instanceof ImageError) return new TextDecoder().decode(bytes);
    throw error;
  }
}
