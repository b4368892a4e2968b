import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { bytesOf, byteStringFrom, utf8ByteString } from "../bytes/byte_string.ts";
import { exactText, jsonLine, nameStyle, shellName } from "./shown_name.ts";

/** What bash and a terminal get to see. */
const shown = (name: string) => new TextDecoder().decode(bytesOf(shellName(name)));

Deno.test("shellName() leaves plain names alone and quotes all others as bash reads them", () => {
  strictEqual(shown("usr/lib-1.2_x+y,z@:%"), "usr/lib-1.2_x+y,z@:%");
  strictEqual(shown("a b"), "'a b'");
  strictEqual(shown("it's"), "'it'\\''s'");
  strictEqual(shown(""), "''");
  strictEqual(shown(utf8ByteString("café")), "'café'");
  strictEqual(shown("\x1b[31m"), "$'\\033[31m'");
  strictEqual(shown("a\nb\t\\'"), "$'a\\nb\\t\\\\\\''");
  // A C1 control, bytes that are no UTF-8, and what turns the direction of text.
  strictEqual(shown(utf8ByteString("\x9b31m")), "$'\\302\\23331m'");
  strictEqual(shown("latin\xe9"), "$'latin\\351'");
  strictEqual(shown(utf8ByteString("x\u202etxt")), "$'x\\342\\200\\256txt'");
  strictEqual(nameStyle(false)("a\nb"), "a\nb");
  strictEqual(nameStyle(true)("a\nb"), "$'a\\nb'");
});

Deno.test("shellName() is safe on a terminal and exact to bash for any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
    const text = shown(byteStringFrom(bytes.filter((byte) => byte !== 0)));
    // deno-lint-ignore no-control-regex -- control characters are what must not be there
    match(text, /^[^\x00-\x1f\x7f-\x9f\u202a-\u202e]*$/);
  }));
});

Deno.test("exactText() tells every byte, as Python's surrogateescape does", () => {
  strictEqual(exactText(utf8ByteString("café€😀")), "café€😀");
  strictEqual(exactText("latin\xe9"), "latin\udce9");
  // Overlong forms, surrogates and what is beyond Unicode are no UTF-8.
  strictEqual(exactText("\xc0\xaf"), "\udcc0\udcaf");
  strictEqual(exactText("\xed\xb3\xa9"), "\udced\udcb3\udca9");
  strictEqual(exactText("\xf4\x90\x80\x80"), "\udcf4\udc90\udc80\udc80");
  strictEqual(exactText(utf8ByteString("é") + "\xc3"), "é\udcc3");
  fc.assert(fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
    const text = exactText(byteStringFrom(bytes));
    const pieces = [...text].map((char) => {
      const code = char.codePointAt(0)!;
      return code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(char);
    });
    deepStrictEqual([...Buffer.concat(pieces)], [...bytes]);
  }));
});

Deno.test("jsonLine() keeps names exact and moves no cursor", () => {
  const value = { path: exactText("/a\xe9\n\x9b") + "\u202e\x7f" };
  const line = jsonLine(value);
  strictEqual(line, '{"path":"/a\\udce9\\n\\udc9b\\u202e\\u007f"}');
  deepStrictEqual(JSON.parse(line), value);
});
