import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { tarArchive, tarEntry } from "../../src/layer/tar/tar_fixture.ts";
import { blobPath, LayoutFixture, layoutOf, tagged } from "../../src/source/layout_fixture.ts";
import { namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

const ONE_FILE = tarArchive([tarEntry({ path: "file", body: "content" })]);

/** Runs the program on a layout; the output that was there must be as it was. */
async function failOn(
  directory: string,
  reference: string,
  args: readonly string[] = [],
): Promise<{ code: number; error: string; hint: string }> {
  const output = `${directory}/out`;
  Deno.mkdirSync(output, { recursive: true });
  Deno.writeTextFileSync(`${output}/rootfs.ext4`, "old content");
  const result = await runCli([reference, "-o", `${output}/rootfs.ext4`, ...args]);
  strictEqual(result.stdout, "");
  deepStrictEqual(namesIn(output), ["rootfs.ext4"]);
  strictEqual(Deno.readTextFileSync(`${output}/rootfs.ext4`), "old content");
  const [error, hint = ""] = result.stderr.split(/^hint: /m);
  ok(!/^ {4}at /m.test(result.stderr), "there is a stack trace");
  return { code: result.code, error, hint };
}

Deno.test("a damaged blob ends with code 3, names the layer, and keeps the old output", () =>
  withDirectory(async (directory) => {
    const layout = new LayoutFixture();
    const image = layout.addImage({ layers: [{ tar: ONE_FILE }], platform: null });
    layout.setIndex([tagged(image, "v1")]);
    const layer = [...layout.files].find(([, bytes]) => bytes.length === ONE_FILE.length)!;
    const damaged = layer[1].slice();
    damaged[512] ^= 1;
    layout.files.set(layer[0], damaged);
    const { code, error } = await failOn(directory, layout.writeDirectory(`${directory}/layout`));
    strictEqual(code, 3);
    match(error, /^oci2rootfs: Cannot .*sha256:.*layer 0 \(sha256:/);
  }));

Deno.test("a tar that is none ends with code 3 and says where", () =>
  withDirectory(async (directory) => {
    const tar = new Uint8Array(1024).fill(0x41);
    const layout = layoutOf({ layers: [{ tar }], platform: null });
    const { code, error } = await failOn(directory, layout.writeDirectory(`${directory}/layout`));
    strictEqual(code, 3);
    match(error, /layer 0 \(sha256:[0-9a-f]{12}\), offset 0\)/);
  }));

Deno.test("a name that would leave the root ends with code 3 and is shown harmlessly", () =>
  withDirectory(async (directory) => {
    const tar = tarArchive([tarEntry({ path: "a/../../\x1b[31mevil" })]);
    const layout = layoutOf({ layers: [{ tar }], platform: null });
    const { code, error } = await failOn(directory, layout.writeDirectory(`${directory}/layout`));
    strictEqual(code, 3);
    match(error, /evil/);
    ok(!error.includes("\x1b"));
  }));

Deno.test("a missing blob, tag, platform or path ends with code 5 and a hint", () =>
  withDirectory(async (directory) => {
    const layout = new LayoutFixture();
    const image = layout.addImage({ layers: [{ tar: ONE_FILE }], platform: null });
    layout.setIndex([tagged(image, "v1")]);
    const path = layout.writeDirectory(`${directory}/layout`);

    const tag = await failOn(directory, `oci:${path}:v2`);
    strictEqual(tag.code, 5);
    match(tag.error, /v2.*v1/s);
    match(tag.hint, /:TAG/);

    const platform = await failOn(directory, TINY, ["--platform", "linux/s390x"]);
    strictEqual(platform.code, 5);
    match(platform.error, /linux\/s390x.*linux\/(amd64|arm64)/s);
    match(platform.hint, /--platform/);

    const nothing = await failOn(directory, `${directory}/nothing`);
    strictEqual(nothing.code, 5);
    match(nothing.error, /nothing is at this path/);
    strictEqual(nothing.hint, "");

    Deno.removeSync(`${path}/${blobPath(image.digest)}`);
    const blob = await failOn(directory, path);
    strictEqual(blob.code, 5);
    match(blob.error, new RegExp(image.digest));
  }));

Deno.test("two images and no choice end with code 5 and list both", () =>
  withDirectory(async (directory) => {
    const layout = new LayoutFixture();
    const first = layout.addImage({ layers: [{ tar: ONE_FILE }], platform: null });
    const second = layout.addImage({ layers: [], platform: null });
    layout.setIndex([tagged(first, "one"), tagged(second, "two")]);
    const path = layout.writeDirectory(`${directory}/layout`);
    const { code, error, hint } = await failOn(directory, path);
    strictEqual(code, 5);
    match(error, /\n {2}one .*\n {2}two /);
    match(hint, /IMAGE:TAG/);
    const chosen = await runCli([`oci:${path}:one`, "-o", `${directory}/one.ext4`]);
    strictEqual(chosen.code, 0, chosen.stderr);
  }));

Deno.test("hints fit what is missing", () =>
  withDirectory(async (directory) => {
    const missing: [string[], RegExp | null][] = [
      [["cat", TINY, "/nope"], /^hint: the command ls /m],
      [["stat", TINY, "/etc/passwd/x"], /^hint: the command ls /m],
      [["ls", "dir:nope"], null],
      [["ls", "ext4:nope"], null],
      [["ls", Deno.execPath()], null],
      [[TINY, "-o", "x.ext4", "--add", "nope:/x"], null],
      [[TINY, "-o", "nope/x.ext4"], null],
      [[TINY, "-o", "x.ext4", "--config-out", "nope/x.json"], null],
      [
        ["ls", "nginx:1.27", "--offline", "--cache", directory],
        /^hint: one run without --offline/m,
      ],
      [["composefs", "images", "--repo", "nope"], /^hint: "oci2rootfs composefs init"/m],
      [["composefs", "cat", "nope", "/x"], null],
      [["composefs", "create-image", "--from-file", "nope", "x"], null],
    ];
    for (const [args, hint] of missing) {
      const { code, stderr } = await runCli(args, { cwd: directory });
      strictEqual(code, 5, stderr);
      if (hint !== null) match(stderr, hint);
      else ok(!stderr.includes("hint:"), stderr);
    }
    Deno.mkdirSync(`${directory}/full/directory`, { recursive: true });
    const full = (...args: string[]) => runCli([TINY, "-o", "full", ...args], { cwd: directory });
    match((await full("--format", "directory")).stderr, /^hint: --force replaces a directory/m);
    const noFile = await full("--format", "ext4");
    strictEqual(noFile.code, 6);
    ok(!noFile.stderr.includes("hint:"), noFile.stderr);
  }));

Deno.test("a standard error that is full changes no exit code", async () => {
  const { code } = await runCli(["ls", "dir:nope"], {
    wrapper: ["sh", "-c", 'exec "$@" 2> /dev/full', "sh"],
  });
  strictEqual(code, 5);
});

Deno.test("--debug adds the stack trace to an error", () =>
  withDirectory(async (directory) => {
    const output = `${directory}/x.ext4`;
    const result = await runCli([`${directory}/nothing`, "-o", output, "--debug"]);
    strictEqual(result.code, 5);
    match(result.stderr, /\n {4}at /);
  }));
