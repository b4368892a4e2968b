import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { bytesOf } from "../../bytes/byte_string.ts";
import { ImageError } from "../../image_error.ts";
import { memorySink } from "../../io/memory_sink.ts";
import { DumpReader } from "../../tree/dump_reader.ts";
import type { ImageVersion } from "./image_version.ts";
import { writeImage, type WriteImageOptions } from "./write_image.ts";

const VECTORS = new URL("../../../testdata/composefs/", import.meta.url);

/** What a vector says of an image. */
interface ExpectedImage {
  readonly size: number;
  readonly sha256: string;
  readonly fsveritySha256: string;
}

function makeImage(dump: Uint8Array, options: WriteImageOptions) {
  const reader = new DumpReader();
  reader.write(dump);
  const sink = memorySink();
  const output = sink.open();
  const written = writeImage(reader.end(), output, options);
  output.commit();
  return { written, bytes: sink.bytes };
}

const EMPTY = "/ 0 40755 2 0 0 0 0.0 - - -\n";
const SIMPLE = `${EMPTY}/blkdev 0 60000 1 0 0 123 0.0 - - -
/chrdev 0 20000 1 0 0 123 0.0 - - -
/fifo 0 10000 1 0 0 0 0.0 - - -
/regular-external 1234 100000 1 0 0 0 0.0 5a/${"5a".repeat(31)} - ${"5a".repeat(32)}
/regular-inline 4 100000 1 0 0 0 0.0 - hihi -
/socket 0 140000 1 0 0 0 0.0 - - -
/symlink 7 120000 1 0 0 0 0.0 /target - -
`;

Deno.test("writeImage() makes the images of pinned digests in all versions", () => {
  const digests = (text: string) =>
    ([0, 1, 2] as const).map((version) => makeImage(bytesOf(text), { version }).written.digest);
  deepStrictEqual(digests(EMPTY), [
    "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
    "14a26c957c84f6eb774b91205476adc13196c7c33b9dd97d08d43725ecb90b63",
    "086b702a519b57d6ef5aea6f8b3f2be24355cd1fb835cd80fb4e3d388b24d5a5",
  ]);
  deepStrictEqual(digests(SIMPLE), [
    "9f3f5620ee0c54708516467d0d58741e7963047c7106b245d94c298259d0fa01",
    "ad6db6427568a1e4fdc772cbab7b6063f5eb4b33cb62982a740ba9213e5962b5",
    "a8fcd41f8b313bede69f462f2af0a38d64b99a6333f5df884ea9ab4037fac722",
  ]);
});

Deno.test("writeImage() makes the images of all vectors, byte for byte", async (context) => {
  const expected: Record<string, Record<string, ExpectedImage>> = JSON.parse(
    Deno.readTextFileSync(new URL("expected.json", VECTORS)),
  );
  strictEqual(Object.keys(expected).length, 24);
  for (const [name, versions] of Object.entries(expected)) {
    const dump = Deno.readFileSync(new URL(name, VECTORS));
    for (const [key, { size, sha256, fsveritySha256 }] of Object.entries(versions)) {
      await context.step(`${name} ${key}`, () => {
        const { written, bytes } = makeImage(dump, {
          version: Number(key.slice(1)) as ImageVersion,
        });
        strictEqual(written.size, size);
        strictEqual(bytes.length, size);
        strictEqual(createHash("sha256").update(bytes).digest("hex"), sha256);
        strictEqual(written.digest, fsveritySha256);
      });
    }
  }
});

Deno.test("writeImage() says which attributes it replaces, and refuses linked whiteouts", () => {
  const dump = `/ 0 40755 2 0 0 0 0.0 - - - trusted.overlay.opaque=z user.a=b
/w 0 20644 1 0 0 0 0.0 - - -\n`;
  for (const version of [0, 1, 2] as const) {
    const notices: string[] = [];
    makeImage(bytesOf(dump), {
      version,
      onNotice: ({ code, message }) => notices.push(`${code} ${message}`),
    });
    deepStrictEqual(
      notices,
      version === 1
        ? ["LOSS Attribute trusted.overlay.opaque was replaced by the mark of a whiteout"]
        : [],
    );
    const linked = `${dump}/x 0 @120000 - - - - 0.0 /w - -\n`;
    throws(() => makeImage(bytesOf(linked), { version }), /it has several names, expected one/);
  }
});

Deno.test("writeImage() refuses what an image cannot hold, and names the file", () => {
  const refused = (line: string, version: ImageVersion) => {
    let found = "";
    throws(() => makeImage(bytesOf(EMPTY + line), { version }), (error) => {
      ok(error instanceof ImageError);
      strictEqual(error.where.path, "/a\\xff");
      found = error.message;
      return true;
    });
    return found;
  };
  const file = "/a\\xff 0 100644 1 0 0 0 0.0 - - -";
  const values = Array.from({ length: 5 }, (_, i) => `user.${i}=${"x".repeat(60_000)}`).join(" ");
  ok(/attributes of a file: they have 3000\d\d bytes/.test(refused(`${file} ${values}\n`, 1)));
  const content = `/a\\xff 5000 100644 1 0 0 0 0.0 - ${"x".repeat(5000)} -\n`;
  ok(/5000 bytes are in the image, expected at most 4032/.test(refused(content, 2)));
});
