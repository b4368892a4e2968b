import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { filesBelow } from "../cache/cache_fixture.ts";
import { archiveOutput } from "./archive_output.ts";
import { directoryOutput } from "./directory_output.ts";
import type { LayoutOutput } from "./layout_output.ts";
import { fileHeader } from "./tar_member.ts";

function withDirectory(use: (directory: string) => void): void {
  const directory = Deno.makeTempDirSync({ prefix: "layout_output_" });
  try {
    use(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

function put(output: LayoutOutput, path: string, text: string): void {
  const bytes = new TextEncoder().encode(text);
  output.begin(path, bytes.length);
  output.write(bytes.subarray(0, 1));
  output.write(bytes.subarray(1));
  output.end();
}

for (
  const [name, open] of [["directory", directoryOutput], ["archive.tar", archiveOutput]] as const
) {
  Deno.test(`${open.name}() shows nothing under its name before commit, and nothing after abort`, () =>
    withDirectory((directory) => {
      const path = `${directory}/${name}`;
      const aborted = open(path);
      put(aborted, "a/b", "text");
      throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
      aborted.abort();
      deepStrictEqual([...Deno.readDirSync(directory)], []);
      const committed = open(path);
      put(committed, "a/b", "text");
      committed.commit();
      committed.abort();
      deepStrictEqual([...Deno.readDirSync(directory)].map((entry) => entry.name), [name]);
    }));
}

Deno.test("directoryOutput() takes an empty directory and refuses all else", () =>
  withDirectory((directory) => {
    const path = `${directory}/layout`;
    Deno.mkdirSync(path);
    const output = directoryOutput(path);
    put(output, "blobs/sha256/x", "x");
    put(output, "index.json", "{}");
    output.commit();
    deepStrictEqual(filesBelow(path), ["blobs/sha256/x", "index.json"]);
    throws(() => directoryOutput(path), {
      code: "EXISTS",
      message: /a directory with files in it/,
    });
    throws(() => directoryOutput(`${path}/index.json`), {
      code: "EXISTS",
      message: /no directory/,
    });
    throws(() => directoryOutput(`${directory}/no/such`), { code: "NOT_FOUND" });
  }));

Deno.test("directoryOutput() removes what a killed run left, and nothing of a living one", () =>
  withDirectory((directory) => {
    const path = `${directory}/layout`;
    const living = directoryOutput(path);
    put(living, "a", "a");
    const dead = `${directory}/.layout.0123456789abcdef.partial`;
    Deno.mkdirSync(dead);
    Deno.writeTextFileSync(`${dead}/.lock`, "");
    const messages: string[] = [];
    const output = directoryOutput(path, (notice) => messages.push(notice.code));
    deepStrictEqual(messages, ["LEFTOVER_REMOVED"]);
    put(output, "b", "b");
    output.commit();
    // Whoever is slower finds the place taken.
    throws(() => living.commit(), { name: "ImageError" });
    living.abort();
    deepStrictEqual(filesBelow(directory), ["layout/b"]);
  }));

Deno.test("fileHeader() writes sizes from 8 GiB on as binary numbers", () => {
  const sizeField = (size: number) => fileHeader("x", size).subarray(124, 136);
  strictEqual(new TextDecoder().decode(sizeField(8 ** 11 - 1)), "77777777777\0");
  deepStrictEqual(
    [...sizeField(8 ** 11)],
    [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0],
  );
  deepStrictEqual(
    [...sizeField(2 ** 53 - 1)],
    [0x80, 0, 0, 0, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  );
});
