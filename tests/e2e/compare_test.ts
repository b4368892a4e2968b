import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { runTool } from "../run_tool.ts";
import { runCli, TINY, withDirectory } from "./cli_process.ts";

/** A root filesystem with one of everything that a user may make, and its image. */
async function withRoot(use: (root: string, image: string) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const root = `${directory}/root`;
    const run = runTool("sh", ["-ec", MAKE_ROOT], { cwd: directory });
    strictEqual(run.status, 0, run.stderr);
    const { code, stderr } = await runCli([`dir:${root}`, "-o", `${directory}/x.ext4`]);
    strictEqual(code, 0, stderr);
    await use(root, `${directory}/x.ext4`);
  });
}

const MAKE_ROOT = `
mkdir -p root/etc root/dev root/sub
printf hello > root/file; ln root/file root/again; ln -s file root/link
printf one > root/etc/one; printf two > root/etc/two; truncate -s 1M root/hole; printf x >> root/hole
mkfifo root/pipe; mknod root/dev/null c 1 3
setfattr -n user.a -v 1 root/etc/one
find root -exec touch -h -d @1700000000 {} +
`;

/** Everything that may be wrong in a copy, and what both commands must say of it. */
const FAULTS: readonly [name: string, script: string, lines: RegExp[]][] = [
  ["a lost file", "rm root/etc/one", [/^- \/etc\/one: regular$/m]],
  ["a new file", "touch root/etc/new", [/^\+ \/etc\/new: regular$/m]],
  ["a new directory with content", "mkdir root/new; touch root/new/x", [
    /^\+ \/new: directory$/m,
    /^\+ \/new\/x: regular$/m,
  ]],
  ["another kind", "rm root/pipe; touch root/pipe", [/^~ \/pipe: type: fifo \| regular$/m]],
  ["another mode", "chmod 600 root/etc/one", [/^~ \/etc\/one: mode: 0644 \| 0600$/m]],
  ["set-user-ID", "chmod u+s root/file", [/^~ \/again: mode: 0644 \| 4644$/m]],
  ["another owner", "chown 7:8 root/etc", [/^~ \/etc: uid: 0 \| 7$/m, /^~ \/etc: gid: 0 \| 8$/m]],
  ["another size", "printf longer > root/etc/one", [/^~ \/etc\/one: size: 3 \| 6$/m]],
  ["another time", "touch -d @1700000000.5 root/etc/one", [/^~ \/etc\/one: mtime: /m]],
  ["another target", "ln -sfn etc root/link", [/^~ \/link: target: file \| etc$/m]],
  ["another device", "rm root/dev/null; mknod root/dev/null c 1 5", [
    /^~ \/dev\/null: rdev: 1:3 \| 1:5$/m,
  ]],
  ["a lost attribute", "setfattr -x user.a root/etc/one", [
    /^~ \/etc\/one: xattrs user\.a: 0x31 \| absent$/m,
  ]],
  ["another attribute", "setfattr -n user.a -v 2 root/etc/one", [
    /^~ \/etc\/one: xattrs user\.a: 0x31 \| 0x32$/m,
  ]],
  ["a split hard link", "cp -p root/file root/f2; mv root/f2 root/file", [
    /^~ \/file: links: same as \/again \| first name$/m,
  ]],
  ["a joined hard link", "ln -f root/etc/one root/etc/two", [
    /^~ \/etc\/two: links: first name \| same as \/etc\/one$/m,
  ]],
  ["another byte", "printf hellO > root/file", [
    /^~ \/again: content: sha256:2cf24dba[0-9a-f]{56} \| sha256:[0-9a-f]{64}$/m,
  ]],
  [
    "a byte in a hole",
    "printf y | dd of=root/hole bs=1 seek=500000 conv=notrunc status=none",
    [/^~ \/hole: content: sha256:/m],
  ],
];

Deno.test({
  name: "diff and verify find every kind of planted fault",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn(t) {
    await withRoot(async (root, image) => {
      const equal = await runCli(["diff", image, `dir:${root}`]);
      deepStrictEqual(equal, { code: 0, stdout: "", stderr: "" });
      const directory = root.slice(0, -"/root".length);
      strictEqual(runTool("cp", ["-a", root, `${directory}/kept`]).status, 0);
      for (const [name, script, lines] of FAULTS) {
        await t.step(name, async () => {
          const planted = runTool("sh", ["-ec", script], { cwd: directory });
          strictEqual(planted.status, 0, planted.stderr);
          const found = await runCli(["diff", image, `dir:${root}`]);
          strictEqual(found.code, 1, found.stderr);
          for (const line of lines) match(found.stdout, line);
          match(found.stderr, /^\d+ removed, \d+ added, \d+ changed\n$/);
          const verified = await runCli(["verify", image, `dir:${root}`, "--json"]);
          strictEqual(verified.code, 1, verified.stderr);
          const { ok: isOk, problems, differences } = JSON.parse(verified.stdout);
          strictEqual(isOk, false);
          deepStrictEqual(problems, []);
          ok(differences.length >= lines.length);
          // And the other way round: what was lost is new then.
          const back = await runCli(["diff", `dir:${root}`, image, "-q"]);
          strictEqual(back.code, 1);
          strictEqual(back.stderr, "");
        });
        Deno.removeSync(root, { recursive: true });
        strictEqual(runTool("cp", ["-a", `${directory}/kept`, root]).status, 0);
      }
    });
  },
});

Deno.test({
  name: "diff passes over what it is told to",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  async fn() {
    await withRoot(async (root, image) => {
      const script = `
        touch -d @1 root/etc/one; chown 5 root/sub; touch root/.dockerenv root/etc/hosts
        mkdir root/proc root/dev/pts; setfattr -n user.b -v x root/file
        touch -d @1700000000 root/dev`;
      strictEqual(runTool("sh", ["-ec", script], { cwd: `${root}/..` }).status, 0);
      const diff = async (...options: string[]) =>
        (await runCli(["diff", image, `dir:${root}`, ...options])).stdout;
      const everything = await diff();
      match(everything, /\.dockerenv/);
      match(everything, /~ \/etc: mtime/);
      const preset = await diff("--ignore-path", "@docker-export");
      strictEqual(
        preset.replace(/: mtime: .*$/m, ": mtime"),
        [
          "~ /again: xattrs user.b: absent | 0x78\n",
          "~ /etc/one: mtime\n",
          "~ /sub: uid: 0 | 5\n",
        ].join(""),
      );
      const rest = ["--ignore-path", "@docker-export", "--ignore", "xattrs:user.b"];
      strictEqual(await diff(...rest, "--ignore", "uid", "--ignore", "mtime"), "");
      strictEqual(await diff(...rest, "--ignore-path", "/sub", "--ignore-path", "o?e"), "");
      match(await diff("--also", "nlink"), /nlink/);
      const wrong = await runCli(["diff", image, `dir:${root}`, "--ignore", "colour"]);
      strictEqual(wrong.code, 2);
      match(wrong.stderr, /expected one of type, mode, uid/);
    });
  },
});

Deno.test("verify compares an image with the layers it was made from, and every byte counts", async () => {
  await withDirectory(async (directory) => {
    const image = `${directory}/x.ext4`;
    strictEqual((await runCli([TINY, "-o", image])).code, 0);
    const sound = await runCli(["verify", image, TINY]);
    strictEqual(sound.code, 0, sound.stderr);
    strictEqual(sound.stdout, `${image}: no problem; no difference from ${TINY}\n`);
    // Both orders, and layers with layers.
    for (const pair of [[TINY, image], [TINY, TINY], [image, image], [image, TINY]]) {
      deepStrictEqual(await runCli(["diff", ...pair]), { code: 0, stdout: "", stderr: "" });
    }
    // A flipped byte of a file has no checksum in ext4: only the reference tells.
    const at = contentOffset(image);
    const file = Deno.openSync(image, { read: true, write: true });
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([0xff]));
    file.close();
    strictEqual((await runCli(["verify", image])).code, 0);
    for (const args of [["verify", image, TINY], ["diff", TINY, image]]) {
      const found = await runCli(args);
      strictEqual(found.code, 1, found.stderr);
      match(
        found.stdout,
        /^~ \/etc\/passwd: content: sha256:[0-9a-f]{64} \| sha256:[0-9a-f]{64}$/m,
      );
    }
  });
});

Deno.test({
  name: "verify finds what is wrong with an image by itself (needs: debugfs)",
  ignore: !hasDebugfs(),
  async fn() {
    await withDirectory(async (directory) => {
      const image = `${directory}/x.ext4`;
      strictEqual((await runCli([TINY, "-o", image])).code, 0);
      const request = "set_inode_field /etc/passwd links_count 3";
      strictEqual(runTool("debugfs", ["-w", "-R", request, image]).status, 0);
      const found = await runCli(["verify", image]);
      strictEqual(found.code, 1, found.stderr);
      match(found.stdout, /^! .*link count is 3, expected 1.*\n.*x\.ext4: 1 problem\n$/);
      const json = JSON.parse((await runCli(["verify", "--json", image, TINY])).stdout);
      strictEqual(json.ok, false);
      strictEqual(json.problems.length, 1);
      deepStrictEqual(json.differences, []);
    });
  },
});

Deno.test("diff of hostile names lets nothing of them out as it is, but in a pipe", async () => {
  await withDirectory(async (directory) => {
    Deno.mkdirSync(`${directory}/a`);
    Deno.mkdirSync(`${directory}/b`);
    const names = ["\x1b[2Jred", "two\nlines", "bidi\u202e", "$(x)", "it's"];
    for (const name of names) Deno.writeTextFileSync(`${directory}/b/${name}`, "");
    const pair = [`dir:${directory}/a`, `dir:${directory}/b`];
    const { code, stdout } = await runCli(["diff", "--json", "--ignore", "mtime", ...pair]);
    strictEqual(code, 1);
    // deno-lint-ignore no-control-regex
    strictEqual(/[\x00-\x09\x0b-\x1f\u202e]/.test(stdout), false);
    const { differences } = JSON.parse(stdout);
    const found = differences.map(({ path }: { path: string }) => path.slice(1));
    deepStrictEqual(found.sort(), [...names].sort());
    const piped = await runCli(["diff", "--ignore", "mtime", ...pair]);
    ok(piped.stdout.includes("+ /two\nlines: regular\n"));
  });
});

Deno.test("verify of a damaged image says so, with the code of damage", async () => {
  await withDirectory(async (directory) => {
    const image = `${directory}/x.ext4`;
    strictEqual((await runCli([TINY, "-o", image])).code, 0);
    Deno.truncateSync(image, 100_000);
    const { code, stderr } = await runCli(["verify", image]);
    strictEqual(code, 3, stderr);
    const missing = await runCli(["verify", image, `${directory}/none`]);
    ok(missing.code >= 2, "an error is no difference");
    strictEqual((await runCli(["verify", TINY])).code, 0);
    const unknown = await runCli(["diff", `${directory}/none/x`, TINY]);
    strictEqual(unknown.code, 5);
  });
});

/** Where the bytes of /etc/passwd are in an image. */
function contentOffset(image: string): number {
  const bytes = Deno.readFileSync(image);
  const text = new TextEncoder().encode("root:x:0:0:");
  for (let at = 0; at < bytes.length; at += 1024) {
    if (text.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  throw new Error("/etc/passwd is not in the image");
}

/** Whether e2fsprogs' debugfs(8) is there, which changes images. */
function hasDebugfs(): boolean {
  return Deno.build.os === "linux" &&
    new Deno.Command("sh", { args: ["-c", "command -v debugfs"] }).outputSync().success;
}
