import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CLI, namesIn, runCli, withDirectory } from "./cli_process.ts";

/** A small root filesystem, and its archive. */
function makeRoot(work: string): void {
  mkdirSync(`${work}/root/etc`, { recursive: true });
  writeFileSync(`${work}/root/etc/hostname`, "machine\n");
  symlinkSync("/etc/hostname", `${work}/root/name`);
  mustRun("tar", ["-C", `${work}/root`, "-czf", `${work}/root.tar.gz`, "."]);
}

Deno.test("tar:- refuses no input, and leaves no temporary file", () =>
  withDirectory(async (directory) => {
    const { code, stderr } = await runCli(["ls", "tar:-"], { env: { TMPDIR: directory } });
    strictEqual(code, 3);
    match(stderr, /Cannot read "standard input": it is empty/);
    deepStrictEqual(namesIn(directory), []);
  }));

toolTest("tar:- reads an archive from standard input", ["tar", "bash"], async () => {
  await withDirectory(async (work) => {
    makeRoot(work);
    mkdirSync(`${work}/tmp`);
    const result = await runCli(["tar:-", "-o", "out.ext4", "--json", "-q"], {
      cwd: work,
      env: { TMPDIR: `${work}/tmp` },
      wrapper: ["bash", "-c", 'cat root.tar.gz | "$@"', "bash"],
    });
    strictEqual(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout);
    deepStrictEqual([report.counts.regular, report.counts.symlink], [1, 1]);
    match(report.digest, /^sha256:/);
    deepStrictEqual(namesIn(`${work}/tmp`), []);
    // As from a file.
    const file = await runCli(["tar:root.tar.gz", "-o", "file.ext4", "-q"], { cwd: work });
    strictEqual(file.code, 0, file.stderr);
    mustRun("cmp", [`${work}/out.ext4`, `${work}/file.ext4`]);
  });
});

Deno.test("dir: without the right to call the C library says what is lost", async () => {
  await withDirectory(async (work) => {
    makeRoot(work);
    const permissions = ["-R", "-W", "-E"];
    const result = await runCli(["dir:root", "-o", "out.ext4"], { cwd: work, permissions });
    strictEqual(result.code, 0, result.stderr);
    match(result.stderr, /attributes, holes and nanoseconds of times are not read: .*--allow-ffi/);
    const full = await runCli(["dir:root", "-o", "full.ext4"], { cwd: work });
    strictEqual(full.code, 0, full.stderr);
    strictEqual(full.stderr.includes("not read"), false);
    // Paths may be narrow: that what is above cannot be seen is no reason to fail.
    const narrow = [`-R=${dirname(CLI)},${work}`, `-W=${work}`, "-E", "--allow-ffi"];
    const inside = await runCli(["dir:root", "-o", "narrow.ext4"], {
      cwd: work,
      permissions: narrow,
    });
    strictEqual(inside.code, 0, inside.stderr);
    mustRun("cmp", [`${work}/full.ext4`, `${work}/narrow.ext4`]);
  });
});

/** An overlay2 store of one layer. */
function makeStore(work: string): void {
  mkdirSync(`${work}/store/one/diff`, { recursive: true });
  writeFileSync(`${work}/store/one/link`, "ONE");
  writeFileSync(`${work}/store/one/diff/file`, "x");
}

Deno.test("overlay2: without the right to call the C library is an error", async () => {
  await withDirectory(async (work) => {
    makeStore(work);
    const permissions = ["-R", "-W", "-E"];
    const args = ["overlay2:store/one", "-o", "out.ext4"];
    const result = await runCli(args, { cwd: work, permissions });
    strictEqual(result.code, 7);
    match(result.stderr, /its markers are extended attributes, and the sandbox .*--allow-ffi/);
    deepStrictEqual(namesIn(work), ["store"]);
  });
});

toolTest("overlay2: is an error where its markers are not seen", ["root", "setpriv"], async () => {
  await withDirectory(async (work) => {
    makeStore(work);
    const wrapper = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"];
    const args = ["overlay2:store/one", "-o", "out.ext4"];
    const result = await runCli(args, { cwd: work, wrapper });
    strictEqual(result.code, 7, result.stderr);
    match(result.stderr, /only root sees its markers/);
  });
});

toolTest("overlay2: of a store of the user's own is read", ["root", "unshare"], async () => {
  await withDirectory(async (work) => {
    makeStore(work);
    // As in the namespace of a rootless engine.
    const wrapper = ["unshare", "--user", "--map-root-user"];
    const args = ["overlay2:store/one", "-o", "out.ext4"];
    const result = await runCli(args, { cwd: work, wrapper });
    strictEqual(result.code, 0, result.stderr);
    mustRun("chown", ["-R", "1235", `${work}/store`]);
    strictEqual((await runCli(args, { cwd: work, wrapper })).code, 7);
  });
});

Deno.test("an output inside the directory that is read is refused", async () => {
  await withDirectory(async (work) => {
    makeRoot(work);
    const result = await runCli(["dir:root", "-o", "root/etc/out.ext4"], { cwd: work });
    strictEqual(result.code, 6, result.stderr);
    match(result.stderr, /it is inside the input "root"/);
    deepStrictEqual(namesIn(`${work}/root/etc`), ["hostname"]);
  });
});
