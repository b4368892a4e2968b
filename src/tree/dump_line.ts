/**
 * One line of a composefs dump file, parsed.
 *
 * Two grammars are known. The compatible one takes what the C tools take; the strict one has the
 * limits of the format's newer tools and refuses what would be ignored.
 *
 * @module
 */
import {
  bytesOf,
  type ByteString,
  displayByteString,
  ownByteString,
} from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { unpackDeviceNumber } from "./device_number.ts";
import type { DumpedContent } from "./dump.ts";
import { HARD_LINK_MARK, NOTHING, unescapeField } from "./dump_syntax.ts";
import { contentOf } from "./object_content.ts";
import { canonicalXattrs, FileKind, Inode, kindOfMode, NO_XATTRS, type Xattr } from "./inode.ts";

/** What a line says. */
export type DumpLine =
  | { readonly kind: "file"; readonly path: ByteString; readonly inode: Inode<DumpedContent> }
  | { readonly kind: "link"; readonly path: ByteString; readonly target: ByteString };

/** Where a line stands and how it is to be read. */
export interface DumpLineContext {
  /** Counted from 1. */
  readonly lineNumber: number;
  /** Whether the limits of the newer tools hold, and nothing may be said that is ignored. */
  readonly isStrict: boolean;
  /** Lists of attributes by their text: many files have the same one. */
  readonly xattrLists: Map<string, readonly Xattr[]>;
}

const FIELD_COUNT = 11;
/** A link line needs no more than its target. */
const LINK_FIELD_COUNT = 9;
const NAMES = "PATH SIZE MODE NLINK UID GID RDEV MTIME PAYLOAD CONTENT DIGEST".split(" ");
const MODE_MAX = 0o177777;
const U32_MAX = 0xffff_ffff;
const PATH_MAX = 4096;
const XATTR_NAME_MAX = 255;
const XATTR_VALUE_MAX = 65535;
const XATTR_LIST_MAX = 65535;
/** Lists that are kept to be shared, and the longest text of one. */
const XATTR_LISTS_MAX = 1000;
const XATTR_TEXT_MAX = 2000;

/** Limits that differ: bytes of inline contents, and of targets of symbolic links. */
const INLINE_MAX = { strict: 512, compatible: 5000 };
const TARGET_MAX = { strict: 1024, compatible: 4095 };

/** Parses a line (without its line break). Throws `ImageError` `CORRUPT` or `LIMIT_EXCEEDED`. */
export function parseDumpLine(line: ByteString, context: DumpLineContext): DumpLine {
  return new LineParser(line, context).parse();
}

/** The error for something in a line of a dump file. */
export function dumpError(lineNumber: number, observed: string, expected: string): ImageError {
  return new ImageError(
    "CORRUPT",
    `Cannot read line ${lineNumber} of dump file: ${observed}, expected ${expected}`,
  );
}

class LineParser {
  readonly #fields: readonly string[];
  readonly #lineNumber: number;
  readonly #isStrict: boolean;
  readonly #xattrLists: DumpLineContext["xattrLists"];

  constructor(line: ByteString, { lineNumber, isStrict, xattrLists }: DumpLineContext) {
    this.#lineNumber = lineNumber;
    this.#isStrict = isStrict;
    this.#xattrLists = xattrLists;
    this.#fields = line.split(" ");
  }

  parse(): DumpLine {
    const fieldCount = this.#fields.length;
    const isLink = fieldCount > 2 && this.#fields[2].startsWith(HARD_LINK_MARK);
    const wanted = isLink && !this.#isStrict ? LINK_FIELD_COUNT : FIELD_COUNT;
    if (fieldCount < wanted) {
      throw this.#error(`it has ${fieldCount} fields`, `at least ${wanted}`);
    }
    const path = this.#path();
    if (!isLink) return { kind: "file", path, inode: this.#inode() };
    const target = this.#bytes(8);
    if (target === null || target === "") throw this.#fieldError(8, "the path of another line");
    return { kind: "link", path, target };
  }

  #path(): ByteString {
    const path = this.#bytes(0);
    if (path === null || path === "") throw this.#fieldError(0, "a path");
    if (path.length > PATH_MAX && this.#isStrict) {
      throw this.#error(`PATH has ${path.length} bytes`, `at most ${PATH_MAX}`);
    }
    return path;
  }

  #inode(): Inode<DumpedContent> {
    const mode = this.#mode();
    const inode = new Inode<DumpedContent>(kindOfMode(mode)!, mode % 0o10000);
    const size = this.#number(1, Number.MAX_SAFE_INTEGER);
    inode.linkCount = this.#number(3, U32_MAX);
    inode.uid = this.#number(4, U32_MAX);
    inode.gid = this.#number(5, U32_MAX);
    this.#setDevice(inode);
    this.#setTime(inode);
    this.#setContent(inode, size);
    inode.xattrs = this.#sharedXattrs();
    return inode;
  }

  #mode(): number {
    const text = this.#fields[2];
    const mode = /^[0-7]{1,12}$/.test(text) ? Number.parseInt(text, 8) : MODE_MAX + 1;
    if (mode > MODE_MAX || kindOfMode(mode) === undefined) {
      throw this.#fieldError(2, "octal digits with the type of a file");
    }
    return mode;
  }

  #setDevice(inode: Inode): void {
    const number = this.#number(6, U32_MAX);
    const isDevice = inode.kind === FileKind.characterDevice ||
      inode.kind === FileKind.blockDevice;
    if (isDevice) {
      const { major, minor } = unpackDeviceNumber(number);
      inode.deviceMajor = major;
      inode.deviceMinor = minor;
    } else if (number !== 0 && this.#isStrict) {
      throw this.#fieldError(6, "0 for what is no device");
    }
  }

  #setTime(inode: Inode): void {
    const parts = /^(-?\d{1,20})\.(\d{1,20})$/.exec(this.#fields[7]);
    if (parts === null) throw this.#fieldError(7, "SECONDS.NANOSECONDS");
    const [, seconds, nanoseconds] = parts;
    if (this.#isStrict && seconds.startsWith("-")) {
      throw this.#fieldError(7, "a time from 1970 on");
    }
    inode.mtimeSeconds = signedSeconds(seconds);
    inode.mtimeNanoseconds = Number(nanoseconds);
    if (!Number.isSafeInteger(inode.mtimeSeconds) || inode.mtimeNanoseconds > 999_999_999) {
      throw this.#fieldError(7, "less than 2^53 seconds and less than 10^9 nanoseconds");
    }
    inode.atimeSeconds = inode.mtimeSeconds;
    inode.atimeNanoseconds = inode.mtimeNanoseconds;
  }

  #setContent(inode: Inode<DumpedContent>, size: number): void {
    const payload = this.#bytes(8);
    const content = this.#bytes(9, true);
    const digest = this.#digest();
    if (inode.kind !== FileKind.regular) {
      if (content !== null && content !== "") throw this.#fieldError(9, `"${NOTHING}" here`);
      if (digest !== null) throw this.#fieldError(10, `"${NOTHING}" here`);
    }
    if (inode.kind === FileKind.symlink) this.#setTarget(inode, payload, size);
    if (inode.kind !== FileKind.regular) return;
    inode.size = size;
    if (content !== null) {
      const limit = INLINE_MAX[this.#isStrict ? "strict" : "compatible"];
      if (content.length !== size || size > limit) {
        throw this.#error(
          `CONTENT has ${content.length} bytes and SIZE is ${size}`,
          `both alike and at most ${limit}`,
        );
      }
      if (size > 0) inode.content = { bytes: bytesOf(content) };
      return;
    }
    inode.content = contentOf(
      payload === null || payload === "" ? undefined : ownByteString(payload),
      digest ?? undefined,
    );
  }

  #setTarget(inode: Inode, target: ByteString | null, size: number): void {
    const limit = TARGET_MAX[this.#isStrict ? "strict" : "compatible"];
    if (target === null || target === "" || target.length > limit) {
      throw this.#error(
        `the target of the symbolic link has ${target?.length ?? 0} bytes`,
        `1 to ${limit}`,
      );
    }
    if (this.#isStrict && size !== target.length) {
      throw this.#fieldError(1, `${target.length}, the bytes of the target`);
    }
    inode.target = ownByteString(target);
    inode.size = target.length;
  }

  #digest(): string | null {
    const text = this.#bytes(10);
    if (text === null) return null;
    if (!/^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$/.test(text)) {
      throw this.#fieldError(10, "64 or 128 hexadecimal digits");
    }
    return ownByteString(text.toLowerCase());
  }

  #sharedXattrs(): readonly Xattr[] {
    if (this.#fields.length === FIELD_COUNT) return NO_XATTRS;
    const text = this.#fields.slice(FIELD_COUNT).join(" ");
    if (text.length > XATTR_TEXT_MAX) return this.#xattrs();
    let xattrs = this.#xattrLists.get(text);
    if (xattrs === undefined) {
      xattrs = this.#xattrs();
      if (this.#xattrLists.size === XATTR_LISTS_MAX) this.#xattrLists.clear();
      this.#xattrLists.set(text, xattrs);
    }
    return xattrs;
  }

  #xattrs(): readonly Xattr[] {
    const { length } = this.#fields;
    // A space behind the last field is one that the C tools do not see.
    const end = !this.#isStrict && this.#fields[length - 1] === "" ? length - 1 : length;
    const xattrs: Xattr[] = [];
    let listSize = 0;
    for (let i = FIELD_COUNT; i < end; i++) {
      const { name, value } = this.#xattr(this.#fields[i]);
      listSize += name.length + value.length;
      xattrs.push({ name, value });
    }
    if (listSize > XATTR_LIST_MAX && this.#isStrict) {
      throw this.#error(`attributes have ${listSize} bytes`, `at most ${XATTR_LIST_MAX}`);
    }
    const sorted = canonicalXattrs(xattrs);
    if (this.#isStrict && sorted.length < xattrs.length) {
      throw this.#error("an attribute stands twice", "each name once");
    }
    return sorted;
  }

  #xattr(text: string): Xattr {
    const equals = text.indexOf("=");
    const name = equals < 0 ? null : unescapeField(text.slice(0, equals));
    const value = unescapeField(text.slice(equals + 1));
    const shown = displayByteString(text.slice(0, 80));
    if (name === null || value === null || name === "" || name.includes("\0")) {
      throw this.#error(`attribute is "${shown}"`, "NAME=VALUE");
    }
    if (name.length > XATTR_NAME_MAX || value.length > XATTR_VALUE_MAX) {
      throw this.#error(
        `attribute "${shown}" has ${name.length} bytes of name and ${value.length} of value`,
        `at most ${XATTR_NAME_MAX} and ${XATTR_VALUE_MAX}`,
      );
    }
    return { name, value: bytesOf(value) };
  }

  /** A field as bytes, `null` where there is nothing. */
  #bytes(field: number, mayHoldNul = false): ByteString | null {
    const text = this.#fields[field];
    if (text === NOTHING) return null;
    const bytes = unescapeField(text);
    if (bytes === null) {
      throw this.#fieldError(field, "only the escapes \\\\, \\n, \\r, \\t and \\xHH");
    }
    if (!mayHoldNul && bytes.includes("\0")) throw this.#fieldError(field, "no NUL in it");
    return bytes;
  }

  #number(field: number, max: number): number {
    const text = this.#fields[field];
    const value = /^[0-9]{1,20}$/.test(text) ? Number(text) : Infinity;
    if (value > max) throw this.#fieldError(field, `a number from 0 to ${max}`);
    return value;
  }

  #fieldError(field: number, expected: string): ImageError {
    const shown = displayByteString(this.#fields[field].slice(0, 80));
    return this.#error(`${NAMES[field]} is "${shown}"`, expected);
  }

  #error(observed: string, expected: string): ImageError {
    return dumpError(this.#lineNumber, observed, expected);
  }
}

/** Seconds of a time. The C tools write those before 1970 as a number of 64 bits without sign. */
function signedSeconds(text: string): number {
  if (text.length < 16) return Number(text);
  const value = BigInt(text);
  return Number(value >= 2n ** 63n ? value - 2n ** 64n : value);
}
