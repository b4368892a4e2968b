import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { runParserSync } from "@optique/core/facade";
import { mustRun } from "../../../../tests/run_tool.ts";
import { toolTest } from "../../../../tests/tools.ts";
import { ImageError } from "../../../image_error.ts";
import { commandOf } from "../../command_table.ts";
import { recordedTerminal } from "../../terminal_fixture.ts";
import { UsageError } from "../../usage_error.ts";
import { IMAGE_FILE_COMMANDS } from "./image_file_options.ts";
import { runImageFile } from "./run_image_file.ts";

const VECTORS = new URL("../../../../testdata/composefs/", import.meta.url).pathname;

/** Runs a command and answers what it wrote to standard output. */
async function run(...args: readonly string[]): Promise<string> {
  const terminal = recordedTerminal();
  const parsed = runParserSync(commandOf(IMAGE_FILE_COMMANDS, args), "composefs", [...args], {
    stderr: () => {},
    onError: () => {
      throw new UsageError("wrong arguments");
    },
  });
  await runImageFile(parsed, terminal, new AbortController().signal);
  return terminal.output;
}

function withDirectory(use: (path: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const path = Deno.makeTempDirSync();
    try {
      await use(path);
    } finally {
      Deno.removeSync(path, { recursive: true });
    }
  };
}

Deno.test(
  "create-image of a dump file makes the vectors, and dump gives the dump file back",
  withDirectory(async (path) => {
    const expected = JSON.parse(Deno.readTextFileSync(`${VECTORS}/expected.json`));
    const name = "random-20.dump";
    const versions = [["0", "v0"], ["1", "v1"]] as const;
    for (const [version, key] of versions) {
      const digest = await run(
        "create-image",
        "--from-file",
        `--min-version=${version}`,
        "--max-version=0",
        "--print-digest",
        `${VECTORS}${name}`,
        `${path}/image`,
      );
      strictEqual(digest.trim(), expected[name][key].fsveritySha256);
      strictEqual(Deno.statSync(`${path}/image`).size, expected[name][key].size);
      strictEqual(await run("compute-digest", `${path}/image`), digest);
      strictEqual(
        await run(
          "create-image",
          "--from-file",
          `--min-version=${version}`,
          "--max-version=0",
          "--print-digest-only",
          `${VECTORS}${name}`,
        ),
        digest,
      );
    }
    Deno.writeTextFileSync(`${path}/dump`, await run("dump", `${path}/image`));
    strictEqual(
      await run(
        "create-image",
        "-q",
        "--from-file",
        "--min-version=1",
        "--print-digest-only",
        `${path}/dump`,
      ),
      `${expected[name].v1.fsveritySha256}\n`,
    );
  }),
);

Deno.test(
  "create-image of a directory stores its objects, and the image leads to them",
  withDirectory(async (path) => {
    Deno.mkdirSync(`${path}/root/d`, { recursive: true });
    Deno.writeTextFileSync(`${path}/root/d/large`, "0123456789".repeat(1000));
    Deno.linkSync(`${path}/root/d/large`, `${path}/root/twin name`);
    Deno.writeTextFileSync(`${path}/root/small`, "small");
    Deno.symlinkSync("d/large", `${path}/root/link`);
    const [root, image, store] = [`${path}/root`, `${path}/image`, `${path}/objects`];
    await run("create-image", "-q", "--digest-store", store, root, image);
    const digest = (await run("compute-digest", `${root}/d/large`)).trim();
    const object = `${digest.slice(0, 2)}/${digest.slice(2)}`;
    deepStrictEqual((await run("ls", image)).split("\n"), [
      "/d/\t",
      `/d/large\t@ ${object}`,
      "/link\t-> d/large",
      "/small",
      `/twin name\t@ ${object}`,
      "",
    ]);
    strictEqual(await run("image-objects", image), `${object}\n`);
    strictEqual(await run("missing-objects", "--basedir", store, image), "");
    strictEqual(await run("missing-objects", "--basedir", root, image), `${object}\n`);
    strictEqual(await run("image-objects", "--filter", "small", image), "");
    strictEqual(await run("ls", "--filter", "small", image), "/small\n");
    strictEqual(
      await run("cat", "--basedir", store, image, "/small", "/link"),
      "small" + "0123456789".repeat(1000),
    );
    // The dump file of the directory is that of its image, and makes the same image.
    const dump = `${path}/dump`;
    await run("create-dumpfile", "-q", root, dump);
    strictEqual(Deno.readTextFileSync(dump), await run("dump", image));
    strictEqual(
      await run("create-image", "--from-file", "--print-digest-only", dump),
      await run("compute-digest", image),
    );
    // An object that was changed is refused.
    Deno.writeTextFileSync(`${store}/${object}`, "1123456789".repeat(1000));
    await rejects(
      run("cat", "--basedir", store, image, "/link"),
      (error) => error instanceof ImageError && error.code === "DIGEST_MISMATCH",
    );
    await rejects(run("cat", image, "/link"), /expected a directory of objects/);
    await rejects(run("cat", image, "/d"), /it is a directory, expected a regular file/);
  }),
);

Deno.test("create-image refuses options that contradict each other", async () => {
  const cases = [
    ["create-image", "/nowhere"],
    ["create-image", "--print-digest-only", "/nowhere", "image"],
    ["create-image", "--print-digest", "/nowhere", "-"],
    ["create-image", "--from-file", "--skip-xattrs", "/nowhere", "image"],
    ["create-image", "--strict", "/nowhere", "image"],
    ["create-image", "--skip-xattrs", "--user-xattrs", "/nowhere", "image"],
    ["ls", "--filter", "a/b", `${VECTORS}random-01.dump`],
  ];
  for (const args of cases) {
    await rejects(run(...args), UsageError, args.join(" "));
  }
  await rejects(
    run("create-image", "--from-file", "--print-digest-only", "/no/such"),
    (error) => error instanceof ImageError && error.code === "NOT_FOUND",
  );
  await rejects(run("ls", `${VECTORS}random-01.dump`), (error) => {
    ok(error instanceof ImageError);
    strictEqual(error.where.source, `${VECTORS}random-01.dump`);
    return true;
  });
});

toolTest(
  "compute-digest gives the digests of fsverity-utils",
  ["fsverity"],
  withDirectory(async (path) => {
    Deno.writeTextFileSync(`${path}/file`, "0123456789".repeat(1000));
    for (const algorithm of ["sha256", "sha512"]) {
      const args = ["digest", "--compact", `--hash-alg=${algorithm}`, `${path}/file`];
      strictEqual(
        await run("compute-digest", "--algorithm", algorithm, `${path}/file`),
        mustRun("fsverity", args),
      );
    }
  }),
);
