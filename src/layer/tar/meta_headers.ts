/**
 * Headers that describe the next entry, or all that follow: PAX `x` and `g`, GNU `L` and `K`.
 *
 * @module
 */
import { type ByteString, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { PaxRecords } from "./pax_records.ts";
import type { TarBody } from "./tar_body.ts";

/** Most bytes of all headers in front of one entry. */
export const MAX_META_BYTES = 8 * 1024 * 1024;
/** Most bytes of all global headers of one archive. */
export const MAX_GLOBAL_BYTES = 1024 * 1024;

const LONG_NAME = 0x4c; // L
const LONG_LINK = 0x4b; // K
const PAX_LOCAL = 0x78; // x
const PAX_SOLARIS = 0x58; // X: PAX local headers before they had a standard
const PAX_GLOBAL = 0x67; // g

/** Collects these headers and says what they mean for the entry behind them. */
export class MetaHeaders implements TarBody {
  #global: PaxRecords | null = null;
  #local: PaxRecords | null = null;
  #longName: ByteString | null = null;
  #longLink: ByteString | null = null;
  #isPending = false;
  #pendingBytes = 0;
  #globalBytes = 0;

  #typeFlag = 0;
  #body = new Uint8Array(0);
  #bodySize = 0;
  #fill = 0;

  /** `true` for a type flag that is handled here. */
  static isMetaType(typeFlag: number): boolean {
    return typeFlag === PAX_LOCAL || typeFlag === LONG_NAME || typeFlag === LONG_LINK ||
      typeFlag === PAX_GLOBAL || typeFlag === PAX_SOLARIS;
  }

  /** `true` while there is something that belongs to an entry to come. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** The records that count for the next entry, `null` where there are none. */
  get records(): PaxRecords | null {
    return this.#local ?? this.#global;
  }

  /** The name that stands in place of the header's, `null` for none. */
  get name(): ByteString | null {
    const records = this.records;
    if (records !== null) {
      if (records.isSparse && records.sparseName !== null) return records.sparseName;
      if (records.path !== null) return records.path;
    }
    return this.#longName;
  }

  /** The link target that stands in place of the header's, `null` for none. */
  get linkTarget(): ByteString | null {
    return this.records?.linkPath ?? this.#longLink;
  }

  /** The next entry has taken its headers. */
  clear(): void {
    if (!this.#isPending) return;
    this.#isPending = false;
    this.#pendingBytes = 0;
    this.#local = null;
    this.#longName = null;
    this.#longLink = null;
  }

  /** Begins a header with a body of `size` bytes; throws `ImageError` `LIMIT_EXCEEDED`. */
  begin(typeFlag: number, size: number): void {
    this.#typeFlag = typeFlag;
    if (typeFlag === PAX_GLOBAL) {
      this.#globalBytes += size;
      checkLimit("global PAX headers", this.#globalBytes, MAX_GLOBAL_BYTES);
    } else {
      this.#isPending = true;
      this.#pendingBytes += size;
      checkLimit("extended tar headers", this.#pendingBytes, MAX_META_BYTES);
    }
    this.#bodySize = size;
    this.#fill = 0;
  }

  /** Takes the next bytes of the body, `[start, end)` of `bytes`. */
  write(bytes: Uint8Array, start: number, end: number): void {
    const filled = this.#fill + end - start;
    // The buffer grows with what has really come, and is used again.
    if (filled > this.#body.length) {
      const larger = new Uint8Array(Math.min(this.#bodySize, Math.max(2 * filled, 4096)));
      larger.set(this.#body.subarray(0, this.#fill));
      this.#body = larger;
    }
    for (let i = start; i < end; i++) this.#body[this.#fill++] = bytes[i];
  }

  /** The body is complete. Throws `ImageError` where it is malformed. */
  end(): void {
    switch (this.#typeFlag) {
      case LONG_NAME:
        this.#longName = this.#text();
        break;
      case LONG_LINK:
        this.#longLink = this.#text();
        break;
      case PAX_GLOBAL:
        this.#global ??= new PaxRecords();
        this.#global.parse(this.#body, this.#fill);
        checkGlobal(this.#global);
        break;
      default:
        this.#local ??= this.#global === null ? new PaxRecords() : this.#global.clone();
        this.#local.parse(this.#body, this.#fill);
    }
  }

  /** A GNU name: up to its NUL. */
  #text(): ByteString {
    const nul = this.#body.indexOf(0);
    const end = nul < 0 || nul > this.#fill ? this.#fill : nul;
    return byteStringFrom(this.#body, 0, end);
  }
}

/** What describes one file only makes no sense for all of them, and would be paid for by each. */
function checkGlobal(records: PaxRecords): void {
  if (records.allXattrs().length === 0 && !records.hasUnreadableAcl && !records.isSparse) return;
  throw new ImageError(
    "UNSUPPORTED",
    "Cannot read global PAX header: it sets extended attributes or a sparse map for all entries, " +
      "expected them at single entries",
  );
}

function checkLimit(what: string, size: number, limit: number): void {
  if (size <= limit) return;
  throw new ImageError(
    "LIMIT_EXCEEDED",
    `Cannot read ${what}: ${size} bytes, expected at most ${limit}`,
  );
}
