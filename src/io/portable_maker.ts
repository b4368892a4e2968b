/**
 * Makes files by what the runtime offers on every system: no devices, fifos, sockets or extended
 * attributes, times without nanoseconds, names that are UTF-8.
 *
 * @module
 */
import { lchownSync, lutimesSync } from "node:fs";
import { join } from "node:path";
import { type ByteString, displayByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { createHostBody } from "./host_body.ts";
import { systemError } from "./system_error.ts";
import { type FileTimes, type HostBody, SPARE_NAME, type TreeMaker } from "./tree_maker.ts";

const decoder = new TextDecoder();

/** The files below one directory. */
export class PortableMaker implements TreeMaker {
  readonly isAdministrator = false;
  readonly limits: string =
    "Devices, fifos, sockets, extended attributes and nanoseconds of times cannot be made: that " +
    "takes Linux on x86-64 or arm64, and the right to call its C library (--allow-ffi)";
  readonly #home: string;
  readonly #directories: string[];
  #count = 0;

  /** Begins in the directory `home`. */
  constructor(home: string) {
    this.#home = home;
    this.#directories = [home];
    this.makeDirectory(SPARE_NAME);
  }

  createBody(): HostBody {
    const id = this.#count++;
    return createHostBody(id, this.#spare(id));
  }

  makeDirectory(name: ByteString): void {
    this.#attempt("make directory", name, (path) => Deno.mkdirSync(path, { mode: 0o700 }));
  }

  enter(name: ByteString): void {
    this.#directories.push(this.#pathOf(name));
  }

  leave(): void {
    this.#directories.pop();
  }

  placeBody(id: number, name: ByteString): void {
    this.#attempt("make file", name, (path) => Deno.renameSync(this.#spare(id), path));
  }

  makeNode(name: ByteString, mode: number): void {
    if (Math.floor(mode / 0o10000) !== 0o10) {
      throw new ImageError(
        "PERMISSION",
        `Cannot make file "${displayByteString(name)}": the runtime makes no files of its kind`,
        { cause: { code: "EPERM" } },
      );
    }
    this.#attempt("make file", name, (path) => {
      Deno.openSync(path, { write: true, createNew: true, mode: 0o600 }).close();
    });
  }

  makeSymlink(name: ByteString, target: ByteString): void {
    const text = decodeName(target);
    this.#attempt("make symbolic link", name, (path) => Deno.symlinkSync(text, path));
  }

  keep(name: ByteString): number {
    const id = this.#count++;
    this.#attempt("link", name, (path) => Deno.linkSync(path, this.#spare(id)));
    return id;
  }

  link(id: number, name: ByteString): void {
    this.#attempt("link", name, (path) => Deno.linkSync(this.#spare(id), path));
  }

  setOwner(name: ByteString, uid: number, gid: number): void {
    this.#attempt("set owner of", name, (path) => lchownSync(path, uid, gid));
  }

  setPermissions(name: ByteString, permissions: number): void {
    this.#attempt("set permissions of", name, (path) => Deno.chmodSync(path, permissions));
  }

  setXattr(name: ByteString): void {
    throw new ImageError(
      "PERMISSION",
      `Cannot set attribute of "${displayByteString(name)}": the runtime knows none`,
      { cause: { code: "EOPNOTSUPP" } },
    );
  }

  setTimes(name: ByteString, times: FileTimes): void {
    const { atimeSeconds, mtimeSeconds } = times;
    this.#attempt("set times of", name, (path) => lutimesSync(path, atimeSeconds, mtimeSeconds));
  }

  #spare(id: number): string {
    return join(this.#home, SPARE_NAME, `${id}`);
  }

  #pathOf(name: ByteString): string {
    return `${this.#directories[this.#directories.length - 1]}/${decodeName(name)}`;
  }

  #attempt(action: string, name: ByteString, call: (path: string) => void): void {
    const path = this.#pathOf(name);
    try {
      call(path);
    } catch (error) {
      throw systemError(error, action, path);
    }
  }
}

/** The runtime takes text for names: what is not UTF-8 cannot be said. */
function decodeName(name: ByteString): string {
  const text = decoder.decode(Uint8Array.from(name, (char) => char.charCodeAt(0)));
  if (utf8ByteString(text) === name) return text;
  throw new ImageError(
    "UNSUPPORTED",
    `Cannot make file "${displayByteString(name)}": its name is not valid UTF-8, expected Linux ` +
      "and the right to call its C library (--allow-ffi) for such names",
  );
}
