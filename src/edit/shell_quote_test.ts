import { strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { bytesOf, byteStringFrom } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { shellQuote } from "./shell_quote.ts";

/** What the shell makes of words: each followed by a NUL. */
function meaningOf(words: readonly string[]): string {
  const directory = Deno.makeTempDirSync({ prefix: "shell_quote_" });
  try {
    const script = `printf '%s\\0' ${words.map(shellQuote).join(" ")}\n`;
    Deno.writeFileSync(`${directory}/script`, bytesOf(script));
    const output = new Deno.Command("sh", { args: [`${directory}/script`] }).outputSync();
    strictEqual(output.code, 0);
    return byteStringFrom(output.stdout);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

Deno.test("shellQuote() makes one word of any bytes", () => {
  const byte = fc.oneof(
    fc.integer({ min: 1, max: 255 }),
    fc.constantFrom(..."'\"\\$`!*?[]{}~#&;|<>() \t\r\n=-".split("").map((it) => it.charCodeAt(0))),
  );
  const word = fc.array(byte, { maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 60 }), (words) => {
      strictEqual(meaningOf(words), words.map((it) => `${it}\0`).join(""));
    }),
    { numRuns: 20 },
  );
});

Deno.test("shellQuote() makes every single byte a word", () => {
  const words = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1));
  strictEqual(meaningOf(words), words.map((it) => `${it}\0`).join(""));
});

Deno.test("shellQuote() refuses a NUL byte", () => {
  throws(
    () => shellQuote("a\0b"),
    (error) => error instanceof ImageError && error.code === "CORRUPT",
  );
});
