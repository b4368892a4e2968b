/**
 * Clients for tests: quick to try again, and blind to the settings of the machine.
 *
 * @module
 */
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { BlobReceiver } from "../../src/source/registry/blob_receiver.ts";
import { RegistryClient } from "../../src/source/registry/client.ts";
import type { Environment } from "../../src/source/registry/environment.ts";
import type { RegistryOptions } from "../../src/source/registry/options.ts";

/** An environment of these variables and files (text by path), and nothing else. */
export function fixedEnvironment(
  variables: Readonly<Record<string, string>> = {},
  files: Readonly<Record<string, string>> = {},
): Environment {
  return {
    variable: (name) => variables[name],
    readFile: (path) => Object.hasOwn(files, path) ? new TextEncoder().encode(files[path]) : null,
    listDirectory: (path) =>
      Object.keys(files).filter((name) => name.startsWith(`${path}/`))
        .map((name) => name.slice(path.length + 1)).filter((name) => !name.includes("/")).sort(),
  };
}

/** A client with short times; `options` come on top. */
export function testClient(options: RegistryOptions = {}): RegistryClient {
  return new RegistryClient({
    environment: fixedEnvironment(),
    ...options,
    timing: {
      headersTimeoutMilliseconds: 2000,
      stallTimeoutMilliseconds: 2000,
      retryDelayMilliseconds: 2,
      ...options.timing,
    },
  });
}

/** A receiver that keeps everything, and refuses what is out of order. */
export class KeptBytes implements BlobReceiver {
  readonly start = 0;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;

  /** See {@linkcode BlobReceiver.write}. */
  write(bytes: Uint8Array, position: number): void {
    if (position !== this.#size) {
      throw new Error(`Cannot keep bytes: they are at ${position}, expected ${this.#size}`);
    }
    this.#pieces.push(bytes.slice());
    this.#size += bytes.length;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** All bytes so far. */
  get bytes(): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

/** The descriptor of some bytes. */
export function descriptorOf(bytes: Uint8Array, urls: readonly string[] = []): Descriptor {
  return {
    mediaType: "application/octet-stream",
    digest: digestOf(bytes),
    size: bytes.length,
    urls,
    annotations: {},
    data: null,
    platform: null,
    artifactType: "",
  };
}

/** Bytes without a pattern, the same in every run. */
export function scrambledBytes(size: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** Puts a blob into a registry without guard. */
export async function pushBlob(host: string, path: string, bytes: Uint8Array<ArrayBuffer>) {
  const begun = await fetch(`http://${host}/v2/${path}/blobs/uploads/`, { method: "POST" });
  await begun.body?.cancel();
  const place = new URL(begun.headers.get("location") ?? "", begun.url);
  place.searchParams.set("digest", digestOf(bytes));
  const stored = await fetch(place, {
    method: "PUT",
    body: bytes,
    headers: { "content-type": "application/octet-stream" },
  });
  await stored.body?.cancel();
  if (stored.status !== 201) throw new Error(`Cannot push blob: status is ${stored.status}`);
}
