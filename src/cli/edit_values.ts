/**
 * The kinds of values that the options take that change an image.
 *
 * @module
 */
import type { ValueParser } from "@optique/core/valueparser";
import type { Addition, HostAddress, IdRange, Owner } from "../edit/image_edits.ts";
import { textValue } from "./value_parsers.ts";

/** What {@linkcode additionValue} reads: an addition from this machine. */
export type HostAddition = Addition & { readonly from: string };

const ADDITION = /^(?:(tar|file|dir):)?(.+?):(\/[^:]*)(?::([0-7]{0,4})(?::(\d+):(\d+))?)?$/s;
const ADDITION_KINDS = { tar: "tar", file: "file", dir: "directory" } as const;

/** What to add and where, as `./app:/opt/app:755:0:0`. */
export function additionValue(): ValueParser<"sync", HostAddition> {
  const parse = (text: string): HostAddition => {
    const match = ADDITION.exec(text);
    if (match === null) {
      throw new SyntaxError(
        `Cannot read "${text}", expected HOST:/GUEST[:MODE[:UID:GID]] with a mode of octal digits`,
      );
    }
    const [, kind, from, to, mode, uid, gid] = match;
    return {
      from,
      to,
      ...(kind === undefined ? {} : { kind: ADDITION_KINDS[kind as keyof typeof ADDITION_KINDS] }),
      ...(mode === undefined || mode === "" ? {} : { permissions: parseInt(mode, 8) }),
      ...(uid === undefined ? {} : { owner: { uid: Number(uid), gid: Number(gid) } }),
    };
  };
  const format = ({ from, to }: HostAddition) => `${from}:${to}`;
  return textValue("HOST:GUEST[:MODE[:UID:GID]]", parse, format, { from: "./app", to: "/app" });
}

/** An owner, as `1000:1000`. */
export function ownerValue(): ValueParser<"sync", Owner> {
  const parse = (text: string) => {
    const match = /^(\d+):(\d+)$/.exec(text);
    if (match === null) throw new SyntaxError(`Cannot use owner "${text}", expected UID:GID`);
    return { uid: Number(match[1]), gid: Number(match[2]) };
  };
  return textValue("UID:GID", parse, ({ uid, gid }) => `${uid}:${gid}`, { uid: 0, gid: 0 });
}

/** A range of ids, as `0:100000:65536`. */
export function idRangeValue(): ValueParser<"sync", IdRange> {
  const parse = (text: string) => {
    const match = /^(\d+):(\d+):(\d+)$/.exec(text);
    if (match === null) throw new SyntaxError(`Cannot map "${text}", expected FROM:TO:COUNT`);
    const [from, to, count] = match.slice(1).map(Number);
    return { from, to, count };
  };
  const format = ({ from, to, count }: IdRange) => `${from}:${to}:${count}`;
  return textValue("FROM:TO:COUNT", parse, format, { from: 0, to: 100000, count: 65536 });
}

/** A name and its address, as `db:10.0.0.2`; the address may be IPv6. */
export function hostAddressValue(): ValueParser<"sync", HostAddress> {
  const parse = (text: string) => {
    const colon = text.indexOf(":");
    if (colon < 1) throw new SyntaxError(`Cannot read "${text}", expected NAME:ADDRESS`);
    return { name: text.slice(0, colon), address: text.slice(colon + 1) };
  };
  const format = ({ name, address }: HostAddress) => `${name}:${address}`;
  return textValue("NAME:ADDRESS", parse, format, { name: "db", address: "10.0.0.2" });
}

const TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d))?$/;

/** A time, as `2026-01-02T03:04:05Z`, `2026-01-02` (midnight, UTC) or `@1767323045`; whole seconds. */
export function timeValue(): ValueParser<"sync", number> {
  const parse = (text: string) => {
    const seconds = /^@-?\d+$/.test(text)
      ? Number(text.slice(1))
      : TIME.test(text)
      ? Date.parse(text) / 1000
      : NaN;
    if (Number.isSafeInteger(seconds)) return seconds;
    throw new SyntaxError(`Cannot use time "${text}", expected 2026-01-02T03:04:05Z or @SECONDS`);
  };
  return textValue("TIME", parse, (seconds) => `@${seconds}`, 0);
}
