/**
 * The records of PAX extended headers: `LENGTH KEYWORD=VALUE\n`, for what a header cannot hold.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { bytesOf, type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import type { Xattr } from "../../tree/inode.ts";

/** Records of one member, in the order in which they are added. */
export class PaxWriter {
  #text: ByteString = "";

  /** `true` where there is no record. */
  get isEmpty(): boolean {
    return this.#text === "";
  }

  /** All records. */
  bytes(): Uint8Array {
    return bytesOf(this.#text);
  }

  /** Adds a record. */
  add(keyword: ByteString, value: ByteString): void {
    const rest = keyword.length + value.length + 3;
    // The length counts its own digits.
    let size = rest + `${rest}`.length;
    if (`${size}`.length !== `${rest}`.length) size = rest + `${size}`.length;
    this.#text += `${size} ${keyword}=${value}\n`;
  }

  /** Adds a time as decimal seconds; before 1970 with a sign. */
  addTime(keyword: string, seconds: number, nanoseconds: number): void {
    if (nanoseconds === 0) return this.add(keyword, `${seconds}`);
    const isNegative = seconds < 0;
    const whole = isNegative ? -seconds - 1 : seconds;
    const fraction = isNegative ? 1_000_000_000 - nanoseconds : nanoseconds;
    const digits = `${fraction}`.padStart(9, "0").replace(/0+$/, "");
    this.add(keyword, `${isNegative ? "-" : ""}${whole}.${digits}`);
  }

  /**
   * Adds an extended attribute as it is. A keyword ends at its first `=`: an attribute with one in
   * its name is written as libarchive does, with the name encoded.
   */
  addXattr({ name, value }: Xattr): void {
    if (!name.includes("=")) {
      return this.add(`SCHILY.xattr.${name}`, byteStringFrom(value));
    }
    const encoded = name.replace(
      /[^A-Za-z0-9._-]/g,
      (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
    );
    const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
    this.add(`LIBARCHIVE.xattr.${encoded}`, base64);
  }
}
