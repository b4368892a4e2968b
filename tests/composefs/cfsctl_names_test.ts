/**
 * What scripts for cfsctl call, word by word.
 *
 * @module
 */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { TWO_LAYERS } from "../../src/composefs/oci/oci_fixture.ts";
import { policyFiles } from "../../src/composefs/selinux/policy_fixture.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { type CliResult, runCli, withDirectory } from "../e2e/cli_process.ts";

/** Runs `cfsctl ARGS` as this program does it, with a file as its standard input. */
async function run(args: readonly string[], input = "/dev/null"): Promise<CliResult> {
  const wrapper = ["sh", "-c", `exec "$@" < "${input}"`, "sh"];
  return await runCli(["composefs", ...args], { wrapper });
}

async function cfsctl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  strictEqual(code, 0, stderr);
  return stdout;
}

/** Calls `use` with a repository that has an image of two layers. */
async function withImage(
  use: (repository: string, directory: string, layout: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const repository = join(directory, "repository");
    await cfsctl("--repo", repository, "init", "--insecure", "--algorithm", "fsverity-sha256-12");
    const reference = `oci:${layout}`;
    const platform = ["--platform", "linux/amd64"];
    await cfsctl("--repo", repository, "oci", "pull", reference, "image", ...platform);
    await use(repository, directory, layout);
  });
}

Deno.test("oci COMMAND is COMMAND, and options of the repository may stand in front", async () => {
  await withImage(async (repository, directory) => {
    const place = ["--repo", repository];
    const [{ manifestDigest }] = JSON.parse(await cfsctl(...place, "oci", "images", "--json"));
    await cfsctl(`--repo=${repository}`, "--hash", "sha256", "oci", "tag", manifestDigest, "other");
    const inspection = JSON.parse(await cfsctl(...place, "oci", "inspect", `@${manifestDigest}`));
    const [diffId] = inspection.config.rootfs.diff_ids;
    const words = [
      ["images", "--json"],
      ["inspect", "other"],
      ["layer", diffId, "--json"],
      ["layer", diffId],
      ["compute-id", "image"],
      ["fsck", "image", "--json"],
    ];
    for (const args of words) {
      strictEqual(await cfsctl(...place, "oci", ...args), await cfsctl(...args, ...place));
    }
    deepStrictEqual(
      Object.keys(JSON.parse(await cfsctl(...place, "oci", "layer", diffId, "--json"))),
      [
        "diffId",
        "verity",
        "size",
        "entryCount",
        "splitstream",
      ],
    );
    strictEqual(
      (await cfsctl(...place, "oci", "compute-id", "image")).trim(),
      inspection.composefs_erofs,
    );
    await cfsctl(...place, "oci", "untag", "other");
    const other = join(directory, "other");
    await cfsctl("init", "--insecure", other);
    await cfsctl("--repo", other, "oci", "copy", "image", "--from", repository, "--name", "copied");
    match(await cfsctl("--repo", other, "oci", "images"), /copied/);
    const tar = join(directory, "layer.tar");
    Deno.writeFileSync(tar, TWO_LAYERS.layers![0].tar);
    const named = ["--repo", other, "oci", "import-layer", diffId, "base"];
    strictEqual((await run(named, tar)).code, 0);
    await cfsctl("--repo", other, "oci", "untag", "copied");
    const { streamsPruned } = JSON.parse(await cfsctl("--repo", other, "gc", "--json"));
    strictEqual(streamsPruned, 3);
    strictEqual(digestOf(Deno.readFileSync(tar)), diffId);
    await cfsctl("--repo", other, "oci", "layer", diffId, "--json");
  });
});

Deno.test("options in front that the command does not have are refused there", async () => {
  const { code, stderr } = await run(["--repo", "/gone", "compute-digest", "file"]);
  strictEqual(code, 2);
  match(stderr, /--repo/);
  match(stderr, /composefs compute-digest --help/);
});

Deno.test("oci dump and dump-files tell the files of an image", async () => {
  await withImage(async (repository) => {
    const place = ["--repo", repository];
    const dump = await cfsctl(...place, "oci", "dump", "image");
    const lines = dump.trimEnd().split("\n");
    deepStrictEqual(lines.map((line) => line.split(" ")[0]), [
      "/",
      "/etc",
      "/etc/new",
      "/lib",
      "/run",
      "/usr",
      "/usr/bin",
      "/usr/bin/alias",
      "/usr/bin/large",
      "/usr/bin/medium",
      "/usr/bin/small",
    ]);
    const { composefs_erofs: id } = JSON.parse(await cfsctl(...place, "oci", "inspect", "image"));
    strictEqual(await cfsctl(...place, "dump-files", id, "/"), dump);
    const part = await cfsctl(...place, "dump-files", "image", "usr/bin/", "/lib", "/etc/new");
    const wanted = [...lines.filter((line) => line.startsWith("/usr/bin")), lines[3], lines[2]];
    deepStrictEqual(part.trimEnd().split("\n"), wanted);
    const files = ["/usr/bin/alias", "/usr/bin/small", "/lib"];
    const paths = await cfsctl(...place, "dump-files", "--backing-path-only", id, ...files);
    match(
      paths,
      /^\/usr\/bin\/alias [0-9a-f]{2}\/[0-9a-f]{62}\n\/usr\/bin\/small inline\n\/lib inline\n$/,
    );
    const object = paths.split("\n")[0].split(" ")[1];
    strictEqual(Deno.statSync(join(repository, "objects", object)).size, 120_000);
    for (const wrong of [["/usr"], ["/lib", "/gone"]]) {
      const args = [...place, "dump-files", "--backing-path-only", id, ...wrong];
      const { code, stdout } = await run(args);
      deepStrictEqual([code === 0, stdout], [false, ""]);
    }
  });
});

Deno.test("an image from standard input gets a name, unless it is none", async () => {
  await withImage(async (repository, directory) => {
    const place = ["--repo", repository];
    const { composefs_erofs: id } = JSON.parse(await cfsctl(...place, "oci", "inspect", "image"));
    const file = join(directory, "image");
    Deno.copyFileSync(join(repository, "objects", id.slice(0, 2), id.slice(2)), file);
    const imported = await run([...place, "import-image", "os/1"], file);
    strictEqual(imported.stdout, `${id}\n`, imported.stderr);
    await cfsctl(...place, "oci", "untag", "image");
    strictEqual(JSON.parse(await cfsctl(...place, "gc", "--json")).imagesPruned, 0);
    match(await cfsctl(...place, "dump-files", "refs/os/1", "/lib"), /^\/lib /);
    deepStrictEqual(JSON.parse(await cfsctl(...place, "fsck", "--json")).errors, []);
    const foreign = join(directory, "foreign");
    await cfsctl("create-image", join(directory, "layout"), foreign, "--algorithm", "sha512");
    for (const [name, input] of [["os/2", "/etc/passwd"], ["os/3", foreign], ["../os", file]]) {
      strictEqual((await run([...place, "import-image", name], input)).code === 0, false);
    }
    deepStrictEqual([...Deno.readDirSync(join(repository, "images/refs/os"))].length, 1);
  });
});

Deno.test("who waits for an image on standard input keeps nobody from the repository", async () => {
  await withImage(async (repository, directory) => {
    const fifo = join(directory, "fifo");
    strictEqual((await new Deno.Command("mkfifo", { args: [fifo] }).output()).success, true);
    const imported = run(["--repo", repository, "import-image", "os"], fifo);
    const input = await Deno.open(fifo, { write: true });
    // More than a pipe holds: the other end reads.
    for (let left = 1 << 20; left > 0;) left -= await input.write(new Uint8Array(left));
    const wrapper = ["timeout", "60"];
    const { code, stderr } = await runCli(["composefs", "--repo", repository, "gc"], { wrapper });
    strictEqual(code, 0, stderr);
    input.close();
    strictEqual((await imported).code === 0, false);
  });
});

Deno.test("compute-id of a directory is that of an image with its files", async () => {
  await withDirectory(async (directory) => {
    const root = join(directory, "root");
    for (const name of ["usr/bin", "run", "etc"]) {
      Deno.mkdirSync(join(root, name), { recursive: true });
    }
    Deno.writeTextFileSync(join(root, "usr/bin/large"), "large ".repeat(1000));
    Deno.writeTextFileSync(join(root, "run/pid"), "1");
    Deno.symlinkSync("usr/bin", join(root, "bin"));
    // Tars of ustar have whole seconds.
    const time = new Date(1_700_000_000_000);
    for (const name of ["usr/bin/large", "run/pid", "usr/bin", "usr", "run", "etc", ""]) {
      Deno.utimeSync(join(root, name), time, time);
    }
    const at = ["--repo", join(directory, "repository")];
    await cfsctl(...at, "init", "--insecure", "--algorithm", "sha256");
    await cfsctl(...at, "pull", `dir:${root}`, "usual");
    await cfsctl(...at, "pull", `dir:${root}`, "faithful", "--as-is");
    for (const [name, option] of [["usual", []], ["faithful", ["--as-is"]]] as const) {
      for (const version of ["0", "1", "2"]) {
        const options = ["--hash", "sha256", "--erofs-version", version];
        const expected = await cfsctl(...at, ...options, "oci", "compute-id", name, ...option);
        strictEqual(await cfsctl(...options, "compute-id", root, ...option), expected);
      }
    }
    const same = await cfsctl("--no-repo", "compute-id", root);
    match(same, /^[0-9a-f]{128}\n$/);
    strictEqual(await cfsctl("compute-id", root, "--no-propagate-usr-to-root") === same, false);
    strictEqual((await run(["compute-id", root, "--bootable"])).code, 4);
  });
});

Deno.test("inspect tells the EROFS of the repository's default version", async () => {
  await withDirectory(async (directory) => {
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const at = ["--repo", join(directory, "repository")];
    const versions = ["--erofs-version", "1", "--erofs-version", "2"];
    await cfsctl(...at, "init", "--insecure", ...versions);
    await cfsctl(...at, "pull", `oci:${layout}`, "image", "--platform", "linux/amd64");
    const { composefs_erofs, composefs_boot_erofs, images } = JSON.parse(
      await cfsctl(...at, "inspect", "image"),
    );
    deepStrictEqual(Object.keys(images).sort(), ["composefs.image", "composefs.image.v1"]);
    strictEqual(composefs_erofs, images["composefs.image.v1"]);
    strictEqual(composefs_boot_erofs, null);
  });
});

Deno.test("compute-karg is of the bootable image with the labels of its own policy", async () => {
  await withDirectory(async (directory) => {
    const root = join(directory, "root");
    const rules = `/.* any_t\n/usr/bin -d bin_t\n# ${"comment ".repeat(20)}\n`;
    for (const [path, text] of Object.entries(policyFiles({ "": rules }))) {
      Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
      Deno.writeTextFileSync(join(root, path), text);
    }
    for (const name of ["usr/bin", "boot", "sysroot"]) {
      Deno.mkdirSync(join(root, name), { recursive: true });
    }
    Deno.writeTextFileSync(join(root, "boot/kernel"), "a kernel");
    const at = ["--repo", join(directory, "repository")];
    await cfsctl(...at, "init", "--insecure", "--erofs-version", "1", "--erofs-version", "2");
    await cfsctl(...at, "pull", `dir:${root}`, "image", "--bootable");
    const { images } = JSON.parse(await cfsctl(...at, "inspect", "image"));
    const [v1, v2] = [images["composefs.image.boot.v1"], images["composefs.image.boot"]];
    const karg = async (...args: string[]) => await cfsctl(...args, "compute-karg", root);
    strictEqual(await karg(), `composefs.digest=v1-sha512-12:${v1}\n`);
    strictEqual(await karg("--insecure"), `composefs.digest=?v1-sha512-12:${v1}\n`);
    strictEqual(await karg("--erofs-version", "2"), `composefs=${v2}\n`);
    strictEqual(await cfsctl("compute-id", root, "--bootable"), `${v1}\n`);
    match(await karg("--hash", "sha256"), /^composefs\.digest=v1-sha256-12:[0-9a-f]{64}\n$/);
  });
});
