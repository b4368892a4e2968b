import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { bytesOf, byteStringFrom } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { type CpioHeader, HEADER_SIZE, readCpioHeader, writeCpioHeader } from "./header.ts";

/** The fields in the order of the kernel's table; each has 8 digits, from byte 6 on. */
const FIELDS = [
  "ino",
  "mode",
  "uid",
  "gid",
  "nlink",
  "mtimeSeconds",
  "fileSize",
  "devMajor",
  "devMinor",
  "rdevMajor",
  "rdevMinor",
  "nameSize",
  "check",
] as const;

Deno.test("writeCpioHeader() puts every field where the kernel has it", () => {
  const header: Record<string, number | string> = { magic: "070701" };
  for (const [i, field] of FIELDS.entries()) header[field] = 0xa1b2c300 + i;
  const bytes = new Uint8Array(HEADER_SIZE + 2).fill(0xa5);
  writeCpioHeader(bytes, 1, header as unknown as CpioHeader);
  const fields = FIELDS.map((_, i) => `A1B2C3${i.toString(16).toUpperCase().padStart(2, "0")}`);
  strictEqual(byteStringFrom(bytes, 1, HEADER_SIZE + 1), `070701${fields.join("")}`);
  deepStrictEqual([bytes[0], bytes[HEADER_SIZE + 1]], [0xa5, 0xa5]);
  deepStrictEqual(readCpioHeader(bytes, 1), header);
});

Deno.test("readCpioHeader() names older kinds, and refuses what is none", () => {
  const refused = (text: string, code: string, pattern: RegExp) =>
    throws(
      () => readCpioHeader(bytesOf(text.padEnd(HEADER_SIZE, "0")), 0),
      (error: unknown) =>
        error instanceof ImageError && error.code === code && pattern.test(error.message),
    );
  refused("070707", "UNSUPPORTED", /odc/);
  refused("\xc7\x71", "UNSUPPORTED", /binary/);
  refused("\x71\xc7", "UNSUPPORTED", /binary/);
  refused("070703", "CORRUPT", /magic/);
  refused("070701 x", "CORRUPT", /hexadecimal/);
  refused("070701-1", "CORRUPT", /hexadecimal/);
});
