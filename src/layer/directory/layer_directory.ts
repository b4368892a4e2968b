/**
 * A directory of one layer that can be closed and opened again: of a deep tree only a part is open.
 *
 * @module
 */
import type { ByteString } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import type { HostDirectory } from "../../io/host_files.ts";

/** A directory of a layer. */
export class LayerDirectory {
  /** Which layer of the stack: 0 is the newest. */
  readonly layer: number;
  /** Path in the layer; empty for its root. */
  readonly path: ByteString;
  /** The directory it was opened from; `null` of a root. */
  readonly parent: LayerDirectory | null;
  readonly #root: LayerDirectory;
  /** Which directory of this machine it is; empty of a root. */
  readonly identity: string;
  #handle: HostDirectory | null;

  private constructor(
    layer: number,
    path: ByteString,
    parent: LayerDirectory | null,
    identity: string,
    handle: HostDirectory,
  ) {
    this.layer = layer;
    this.path = path;
    this.parent = parent;
    this.#root = parent === null ? this : parent.#root;
    this.identity = identity;
    this.#handle = handle;
  }

  /** The root of a layer, which stays open. */
  static root(layer: number, handle: HostDirectory): LayerDirectory {
    return new LayerDirectory(layer, "", null, "", handle);
  }

  /** The directory `name` in this one, which is the file `identity`. */
  child(name: ByteString, identity: string): LayerDirectory {
    const handle = openChecked(this.handle, name, identity);
    const path = this.path === "" ? name : `${this.path}/${name}`;
    return new LayerDirectory(this.layer, path, this, identity, handle);
  }

  /** The open directory. Throws `ImageError` `IO` where another is at its place meanwhile. */
  get handle(): HostDirectory {
    return this.#handle ??= this.#reopen();
  }

  /** Whether it is open. */
  get isOpen(): boolean {
    return this.#handle !== null;
  }

  /** Opens it again from the open directory `child` in it, which is faster than from the root. */
  reopenFrom(child: LayerDirectory): void {
    if (this.#handle !== null) return;
    const handle = child.handle.parent();
    if (handle.stat("")?.identity === this.identity) this.#handle = handle;
    else handle.close();
  }

  /** Closes it until it is used again. */
  close(): void {
    this.#handle?.close();
    this.#handle = null;
  }

  #reopen(): HostDirectory {
    const names = this.path.split("/");
    const last = names.pop()!;
    let parent = this.#root.handle;
    const close = () => {
      if (parent !== this.#root.handle) parent.close();
    };
    try {
      for (const name of names) {
        const next = parent.directory(name);
        close();
        parent = next;
      }
      return openChecked(parent, last, this.identity);
    } finally {
      close();
    }
  }
}

function openChecked(parent: HostDirectory, name: ByteString, identity: string): HostDirectory {
  const handle = parent.directory(name);
  if (handle.stat("")?.identity === identity) return handle;
  handle.close();
  throw new ImageError(
    "IO",
    `Cannot read directory "${handle.path}": another took its place while it was read, expected ` +
      "files that nobody changes",
  );
}
