/**
 * The program on the stores of engines.
 */
import { deepStrictEqual, doesNotMatch, match, strictEqual } from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { withOpenedImage } from "../differential/converted_image.ts";
import { runCli, withDirectory } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { unmountBelow } from "./engine_process.ts";
import { copyImage, storedImage, writeStoredImage } from "./stored_image.ts";

/** Calls `use` with a new directory and the root of a storage in it that has the images `names`. */
function withStorage(
  names: readonly string[],
  use: (directory: string, root: string) => Promise<void>,
): Promise<void> {
  return withDirectory(async (directory) => {
    try {
      await use(directory, makeStorage(directory, names));
    } finally {
      unmountBelow(directory);
    }
  });
}

function makeStorage(directory: string, names: readonly string[]): string {
  const root = `${directory}/storage`;
  for (const name of names) {
    const layout = writeStoredImage(join(directory, name), storedImage(name));
    const place = `containers-storage:[overlay@${root}+${directory}/run]example.test/${name}:1`;
    copyImage(layout, place);
  }
  return root;
}

toolTest(
  "the program converts and inspects an image of a storage, and lists what is there",
  ["root", "skopeo"],
  () =>
    withStorage(["one", "two"], async (directory, root) => {
      const out = `${directory}/out.ext4`;
      const common = ["--storage-root", root, "--platform", "linux/amd64"];
      const made = await runCli(["containers-storage:one:1", ...common, "--json", "-o", out]);
      strictEqual(made.code, 0, made.stderr);
      strictEqual(JSON.parse(made.stdout).counts.directory, 5);
      const again = await runCli([
        "containers-storage:one:1",
        ...common,
        "-o",
        `${directory}/again.ext4`,
      ]);
      strictEqual(again.code, 0, again.stderr);
      deepStrictEqual(Deno.readFileSync(`${directory}/again.ext4`), Deno.readFileSync(out));

      const shown = await runCli(["inspect", "containers-storage:two:1", ...common]);
      strictEqual(shown.code, 0, shown.stderr);
      match(shown.stdout, /^Platform: +linux\/amd64$/m);
      match(shown.stdout, /^Size: .* in 3 layers$/m);

      const missing = await runCli(["containers-storage:three", ...common, "-o", out]);
      strictEqual(missing.code, 5);
      match(
        missing.stderr,
        /expected one of:\n {2}example\.test\/one:1 .*\n {2}example\.test\/two:1/,
      );
      const ambiguous = await runCli([root, "--platform", "linux/amd64", "-o", out]);
      strictEqual(ambiguous.code, 5);
      match(ambiguous.stderr, /2 images match/);
    }),
);

toolTest(
  "the program needs the C library only where no record of the layers' tars is kept",
  ["root", "skopeo"],
  () =>
    withStorage(["one"], async (directory, root) => {
      const args = [
        "containers-storage:one:1",
        "--storage-root",
        root,
        "--platform",
        "linux/amd64",
      ];
      const permissions = ["--allow-read", "--allow-write", "--allow-env"];
      const out = `${directory}/out.ext4`;
      const verified = await runCli([...args, "-o", out], { permissions });
      strictEqual(verified.code, 0, verified.stderr);
      doesNotMatch(verified.stderr, /no digest/);
      const layers = `${root}/overlay-layers`;
      for (const name of readdirSync(layers)) {
        if (name.endsWith(".tar-split.gz")) rmSync(`${layers}/${name}`);
      }
      const { code, stderr } = await runCli([...args, "-o", out], { permissions });
      strictEqual(code, 7, stderr);
      match(stderr, /--allow-ffi/);
      const files = await runCli([...args, "-o", out]);
      strictEqual(files.code, 0, files.stderr);
      match(
        files.stderr,
        /all layers are read as a container sees them, and compared with no digest/,
      );
    }),
);

/** Runs a command as `podman unshare` does, for a user with one identifier. */
const UNSHARE = ["unshare", "--user", "--map-root-user", "--mount"];

toolTest(
  "a storage of a user is read inside its user namespace, where nobody says where it is",
  ["root", "skopeo", "getfattr", "unshare:user"],
  () =>
    withDirectory(async (home) => {
      const directory = { path: "d/", type: "5" };
      // Without other owners and devices: a user with one identifier can unpack that.
      const layers = [
        [directory, { path: "d/old", body: "old" }, { path: "gone", body: "x" }],
        [directory, { path: "d/.wh..wh..opq" }, { path: "d/new", body: "new" }, {
          path: ".wh.gone",
        }],
      ].map((entries) => ({ tar: tarArchive(entries) }));
      mkdirSync(`${home}/run`);
      writeStoredImage(`${home}/layout`, { ...storedImage(), layers });
      const env = {
        _CONTAINERS_USERNS_CONFIGURED: "done",
        _CONTAINERS_ROOTLESS_UID: "1000",
        HOME: home,
        XDG_RUNTIME_DIR: `${home}/run`,
      };
      const storage = `${home}/.local/share/containers/storage`;
      const copy = ["skopeo", "--insecure-policy", "copy", "-q", `oci:${home}/layout:one`];
      const place = `containers-storage:[overlay@${storage}+${home}/run]example.test/one:1`;
      mustRun(UNSHARE[0], [...UNSHARE.slice(1), ...copy, place], { env });
      match(
        mustRun("getfattr", ["-Rhd", "-m", "user.overlay", `${storage}/overlay`]),
        /opaque="y"/,
      );
      const args = ["containers-storage:one:1", "--platform", "linux/amd64"];
      const { code, stderr } = await runCli([...args, "-o", `${home}/out.ext4`], {
        wrapper: UNSHARE,
        env: {
          ...env,
          DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
        },
      });
      strictEqual(code, 0, stderr);
      const names = withOpenedImage(
        `${home}/out.ext4`,
        ({ tree }) => [...walk(tree)].map(({ path }) => path),
      );
      deepStrictEqual(names, ["", "d", "d/new"]);
    }),
);
