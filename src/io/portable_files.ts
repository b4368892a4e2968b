/**
 * Directories and files of any system, by the runtime alone: no extended attributes, no holes,
 * times in milliseconds, names in UTF-8.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { ByteSource } from "./byte_source.ts";
import { fileSource } from "./file_source.ts";
import type { HostDirectory, HostFile, HostStat } from "./host_files.ts";
import { systemError } from "./system_error.ts";

const decoder = new TextDecoder();

/** Opens a directory by its path. */
export function portableDirectory(path: string): HostDirectory {
  return new PortableDirectory(path);
}

class PortableDirectory implements HostDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  names(onlyFiles = false): ByteString[] {
    try {
      return [...Deno.readDirSync(this.path)]
        .filter(({ isFile }) => isFile || !onlyFiles)
        .map(({ name }) => this.#checked(name));
    } catch (error) {
      throw systemError(error, "read directory", this.path);
    }
  }

  stat(name: ByteString): HostStat | null {
    return statOf(this.#join(name));
  }

  directory(name: ByteString): HostDirectory {
    return new PortableDirectory(this.#join(name));
  }

  parent(): HostDirectory {
    return new PortableDirectory(this.path.slice(0, this.path.lastIndexOf("/")));
  }

  file(name: ByteString): HostFile {
    return new PortableFile(this.#join(name));
  }

  readLink(name: ByteString): ByteString {
    try {
      return this.#checked(Deno.readLinkSync(this.#join(name)));
    } catch (error) {
      throw systemError(error, "read symbolic link", this.#join(name));
    }
  }

  xattrs(): readonly [] {
    return [];
  }

  close(): void {}

  #join(name: ByteString): string {
    if (name === "") return this.path;
    return `${this.path}/${decoder.decode(Uint8Array.from(name, (char) => char.charCodeAt(0)))}`;
  }

  /** The runtime puts a replacement character for what is not UTF-8: then the name is lost. */
  #checked(name: string): ByteString {
    if (!name.includes("\ufffd")) return utf8ByteString(name);
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot read "${name}" in "${this.path}": it is not valid UTF-8, expected Linux and the ` +
        "right to call its C library (--allow-ffi) for such names",
    );
  }
}

class PortableFile implements HostFile {
  readonly #path: string;
  readonly #source: ByteSource;

  constructor(path: string) {
    this.#path = path;
    this.#source = fileSource(path);
  }

  stat(): HostStat {
    const stat = statOf(this.#path);
    if (stat !== null) return stat;
    throw new ImageError("IO", `Cannot read file "${this.#path}": it vanished while it was read`);
  }

  read(into: Uint8Array<ArrayBuffer>, position: number): number {
    return this.#source.read(into, position);
  }

  seekData(position: number): number {
    return position;
  }

  seekHole(): number {
    return Infinity;
  }

  cloneTo(): null {
    return null;
  }

  linkTo(): boolean {
    return false;
  }

  close(): void {
    this.#source.close();
  }
}

function statOf(path: string): HostStat | null {
  let info: Deno.FileInfo;
  try {
    info = Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw systemError(error, "read", path);
  }
  const milliseconds = info.mtime?.getTime() ?? 0;
  const seconds = Math.floor(milliseconds / 1000);
  const device = info.rdev ?? 0;
  return {
    mode: info.mode ?? (info.isDirectory ? 0o040755 : info.isSymlink ? 0o120777 : 0o100644),
    uid: info.uid ?? 0,
    gid: info.gid ?? 0,
    size: info.size,
    mtimeSeconds: seconds,
    mtimeNanoseconds: (milliseconds - seconds * 1000) * 1_000_000,
    changeTime: `${info.ctime?.getTime()}`,
    // Without an inode number no two names can be known to be one file.
    linkCount: info.ino === null ? 1 : info.nlink ?? 1,
    filesystem: `${info.dev}`,
    identity: `${info.dev}:${info.ino ?? path}`,
    // sys/sysmacros.h
    deviceMajor: Math.floor(device / 0x100) % 0x1000,
    deviceMinor: device % 0x100 + (Math.floor(device / 0x100000) % 0x1000) * 0x100,
  };
}
