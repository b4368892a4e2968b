/**
 * The kinds of values that options take.
 *
 * @module
 */
import { message, text as plainText } from "@optique/core/message";
import type { NonEmptyString } from "@optique/core/nonempty";
import type { ValueParser } from "@optique/core/valueparser";
import { formatPlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import { formatSize, type FreeSpace, parseFreeSpace, parseSize } from "./size_text.ts";

/** A size, as `512M`. */
export function sizeValue(): ValueParser<"sync", number> {
  return textValue("SIZE", parseSize, formatSize, 0);
}

/** Free room, as `2G`, `20%` or `0`. */
export function freeSpaceValue(): ValueParser<"sync", FreeSpace> {
  const format = (free: FreeSpace) =>
    "percent" in free ? `${free.percent}%` : formatSize(free.bytes);
  return textValue("SIZE|PERCENT", parseFreeSpace, format, { bytes: 0 });
}

/** A block size: a power of two from 512 to 1M; each format has its own among them. */
export function blockSizeValue(): ValueParser<"sync", number> {
  const parse = (text: string) => {
    const size = parseSize(text);
    if (!Number.isSafeInteger(Math.log2(size)) || size < 512 || size > 1024 * 1024) {
      throw new SyntaxError(`Cannot use size "${text}", expected a power of two, 512 to 1M`);
    }
    return size;
  };
  const format = (size: number) => size < 1024 ? `${size}` : formatSize(size);
  return textValue("SIZE", parse, format, 4096, ["1K", "2K", "4K", "128K"]);
}

/** A UUID in its usual form, or one of some words. */
export function uuidValue(words: readonly string[]): ValueParser<"sync", string> {
  const parse = (text: string) => {
    const uuid = text.toLowerCase();
    if (words.includes(uuid)) return uuid;
    if (!/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(uuid)) {
      const expected = ["8-4-4-4-12 digits", ...words].join(" or ");
      throw new SyntaxError(`Cannot parse UUID "${text}", expected ${expected}`);
    }
    return uuid;
  };
  const metavar = ["UUID", ...words].join("|") as NonEmptyString;
  return textValue(metavar, parse, String, "00000000-0000-0000-0000-000000000000", words);
}

/** The size of a journal, or the word `auto`. */
export function journalValue(): ValueParser<"sync", number | "auto"> {
  const parse = (text: string) => text === "auto" ? text : parseSize(text);
  const format = (size: number | "auto") => size === "auto" ? size : formatSize(size);
  return textValue<number | "auto">("[=SIZE]", parse, format, "auto", ["auto"]);
}

/** A platform, as `linux/arm64`. */
export function platformValue(): ValueParser<"sync", Platform> {
  return textValue(
    "OS/ARCH[/VARIANT]",
    parsePlatform,
    formatPlatform,
    { os: "linux", architecture: "amd64" },
    ["linux/amd64", "linux/arm64"],
  );
}

/** A registry and the address that is asked first for its images. */
export interface MirrorChoice {
  /** The registry, as `docker.io`, or the beginning of a repository's name. */
  readonly registry: string;
  /** The address, `https://HOST[/PATH]` or `http://…`. */
  readonly url: string;
}

/** A registry and its mirror, as `docker.io=https://mirror.example.org`. */
export function mirrorValue(): ValueParser<"sync", MirrorChoice> {
  const parse = (text: string) => {
    const split = text.indexOf("=");
    const [registry, url] = [text.slice(0, split), text.slice(split + 1)];
    if (split < 1 || !/^https?:\/\//.test(url) || !URL.canParse(url)) {
      throw new SyntaxError(`Cannot use mirror "${text}", expected HOST=https://MIRROR`);
    }
    return { registry, url };
  };
  const format = ({ registry, url }: MirrorChoice) => `${registry}=${url}`;
  return textValue("HOST=URL", parse, format, { registry: "docker.io", url: "https://mirror" });
}

/** A value that is read by a function that throws `SyntaxError` or `TypeError` for wrong text. */
export function textValue<T>(
  metavar: NonEmptyString,
  parse: (text: string) => T,
  format: (value: T) => string,
  placeholder: T,
  suggestions: readonly string[] = [],
): ValueParser<"sync", T> {
  return {
    mode: "sync",
    metavar,
    placeholder,
    parse(text) {
      try {
        return { success: true, value: parse(text) };
      } catch (error) {
        if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
        return { success: false, error: message`${plainText(error.message)}` };
      }
    },
    format,
    *suggest(prefix) {
      for (const text of suggestions) {
        if (text.startsWith(prefix)) yield { kind: "literal", text };
      }
    },
  };
}
