import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { byteStringFrom } from "../../src/bytes/byte_string.ts";
import { walk } from "../../src/tree/file_tree.ts";
import { FileKind, modeOf } from "../../src/tree/inode.ts";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import { writeLayout } from "../handmade_layout.ts";
import { withMountedImage } from "../loop_mount.ts";
import { MountedTree } from "../mounted_tree.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

/** What the kernel shows of an image: for each path its kind, owner, time and content. */
function mounted(image: string): Map<string, string> {
  return withMountedImage(image, (directory) => {
    using read = new MountedTree(directory);
    const found = new Map<string, string>();
    for (const { path, inode } of walk(read.tree)) {
      const into = new Uint8Array(inode.kind === FileKind.regular ? inode.size : 0);
      if (into.length > 0) read.read(inode.content!, into, 0);
      const content = inode.kind === FileKind.symlink ? inode.target : byteStringFrom(into);
      found.set(
        path,
        `${modeOf(inode).toString(8)} ${inode.uid}:${inode.gid} ` +
          `${inode.mtimeSeconds}.${inode.mtimeNanoseconds} ${content}`,
      );
    }
    found.delete("lost+found");
    return found;
  });
}

async function convertTo(output: string, args: readonly string[]): Promise<void> {
  const result = await runCli([TINY, "-o", output, "-q", ...args]);
  deepStrictEqual(result, { code: 0, stdout: "", stderr: "" });
}

toolTest(
  "what is added and left out is in the mounted image, and the rest is as it was",
  ["root", "mount:ext4", "e2fsck"],
  () =>
    withDirectory(async (directory) => {
      Deno.mkdirSync(`${directory}/tree/lib/sub`, { recursive: true });
      Deno.writeTextFileSync(`${directory}/tree/lib/sub/file`, "below a link");
      Deno.chmodSync(`${directory}/tree/lib/sub`, 0o700);
      Deno.writeTextFileSync(`${directory}/app: with colon`, "app");
      Deno.writeFileSync(
        `${directory}/layer.tar`,
        tarArchive([{ path: "in", body: "tar", uid: 12 }]),
      );
      for (const name of ["tree/lib/sub/file", "tree/lib/sub", "app: with colon"]) {
        Deno.utimeSync(`${directory}/${name}`, 1000, 1000);
      }
      await convertTo(`${directory}/plain.ext4`, []);
      await convertTo(`${directory}/edited.ext4`, [
        "--add",
        `${directory}/tree:/`,
        "--add",
        `${directory}/app: with colon:/opt/app:4750:10:11`,
        "--add",
        `tar:${directory}/layer.tar:/opt/tar`,
        "--exclude=usr/share/doc/**",
        "--hostname=vm",
        "--dns=10.0.0.1",
        "--hosts=db:fd00::1",
      ]);
      mustRun("e2fsck", ["-fn", `${directory}/edited.ext4`]);
      const expected = mounted(`${directory}/plain.ext4`);
      // When the image says it was made.
      const created = `${Date.parse("2026-01-02T03:04:05Z") / 1000}.0`;
      for (const path of [...expected.keys()]) {
        if (path.startsWith("usr/share/doc/")) expected.delete(path);
      }
      expected.set("usr/lib/sub", "40700 0:0 1000.0 ");
      expected.set("usr/lib/sub/file", "100644 0:0 1000.0 below a link");
      expected.set("opt/app", "104750 10:11 1000.0 app");
      expected.set("opt/tar", `40755 0:0 ${created} `);
      expected.set("opt/tar/in", "100644 12:0 0.0 tar");
      expected.set("etc/hostname", `100644 0:0 ${created} vm\n`);
      expected.set("etc/resolv.conf", `100644 0:0 ${created} nameserver 10.0.0.1\n`);
      expected.set(
        "etc/hosts",
        `100644 0:0 ${created} 127.0.0.1\tlocalhost\n` +
          "::1\tlocalhost ip6-localhost ip6-loopback\n127.0.1.1\tvm\nfd00::1\tdb\n",
      );
      const sorted = (map: Map<string, string>) => [...map].sort();
      deepStrictEqual(sorted(mounted(`${directory}/edited.ext4`)), sorted(expected));
    }),
);

toolTest(
  "owners, ids and times change for every file of the mounted image",
  ["root", "mount:ext4"],
  () =>
    withDirectory(async (directory) => {
      await convertTo(`${directory}/plain.ext4`, []);
      await convertTo(`${directory}/edited.ext4`, [
        "--uid-map=0:100000:65536",
        "--gid-map=0:200000:65536",
        "--mtime=2001-02-03",
      ]);
      await convertTo(`${directory}/owned.ext4`, ["--chown=5:6"]);
      const plain = mounted(`${directory}/plain.ext4`);
      const pattern = /^(\d+) (\d+):(\d+) (\S+) /;
      const mapped = mounted(`${directory}/edited.ext4`);
      const owned = mounted(`${directory}/owned.ext4`);
      deepStrictEqual([...mapped.keys()], [...plain.keys()]);
      ok([...plain.values()].some((it) => !it.includes(" 0:0 ")), "no file with an owner");
      for (const [path, fact] of plain) {
        const [whole, mode, uid, gid, mtime] = pattern.exec(fact)!;
        const rest = fact.slice(whole.length);
        const ids = `${100_000 + Number(uid)}:${200_000 + Number(gid)}`;
        strictEqual(mapped.get(path), `${mode} ${ids} 981158400.0 ${rest}`, path);
        strictEqual(owned.get(path), `${mode} 5:6 ${mtime} ${rest}`, path);
      }
    }),
);

Deno.test("edited images are the same each time", () =>
  withDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/app`, "app");
    const args = ["--add", `${directory}/app:/app`, "--exclude=*.md", "--hostname=a"];
    await convertTo(`${directory}/a.ext4`, args);
    await convertTo(`${directory}/b.ext4`, [...args, "--workers=2"]);
    const [a, b] = ["a", "b"].map((name) => Deno.readFileSync(`${directory}/${name}.ext4`));
    ok(a.length === b.length && a.every((byte, i) => byte === b[i]));
  }));

Deno.test("--config-out writes what a container runs, and only with the image", () =>
  withDirectory(async (directory) => {
    await convertTo(`${directory}/a.ext4`, ["--config-out", `${directory}/a.json`]);
    const config = JSON.parse(Deno.readTextFileSync(`${directory}/a.json`));
    deepStrictEqual(Object.keys(config), [
      "entrypoint",
      "cmd",
      "env",
      "workingDir",
      "user",
      "labels",
    ]);
    deepStrictEqual(config.entrypoint, ["/bin/hello"]);
    const args = [TINY, "-o", `${directory}/b.ext4`, "--config-out", `${directory}/b.json`];
    const failed = await runCli([...args, "--size", "64K"]);
    strictEqual(failed.code, 8, failed.stderr);
    const refused = await runCli([...args, "--init-from-config"]);
    strictEqual(refused.code, 5, refused.stderr);
    match(refused.stderr, /the image has no \/bin\/sh/);
    deepStrictEqual(namesIn(directory), ["a.ext4", "a.json"]);
  }));

Deno.test("changes that make no sense end with code 2 and name the reason", () =>
  withDirectory(async (directory) => {
    const wrong: [string[], RegExp][] = [
      [["--add", "x:/a/../b"], /"\.\." component/],
      [["--add", "x:/y:755:4294967295:0"], /owner 4294967295:0/],
      [["--exclude", "/"], /names the root/],
      [["--uid-map", "0:0:2", "--uid-map", "1:5:1"], /user id 1 twice/],
      [["--clamp-mtime"], /SOURCE_DATE_EPOCH/],
      [["--hostname", "a b"], /"a b"/],
      [["--dns", "example.org"], /"example\.org"/],
      [["--init", "x", "--init-from-config"], /exclude each other/],
      [["--config-out", "x.ext4"], /one file/],
    ];
    for (const [args, pattern] of wrong) {
      const result = await runCli([TINY, "-o", "x.ext4", ...args], { cwd: directory });
      strictEqual(result.code, 2, `${args.join(" ")}: ${result.stderr}`);
      match(result.stderr, pattern);
    }
    const missing = await runCli([TINY, "-o", "x.ext4", "--add", "x:/y"], { cwd: directory });
    strictEqual(missing.code, 5, missing.stderr);
    match(missing.stderr, /Cannot open "x": nothing is there/);
    deepStrictEqual(namesIn(directory), []);
  }));

Deno.test("what is added is not replaced by the output", () =>
  withDirectory(async (directory) => {
    Deno.writeTextFileSync(`${directory}/app.img`, "app");
    Deno.mkdirSync(`${directory}/tree`);
    for (const [add, output] of [["app.img:/app", "app.img"], ["tree:/", "tree/x.img"]]) {
      const result = await runCli([TINY, "-o", output, "--add", add], { cwd: directory });
      strictEqual(result.code, 6, result.stderr);
    }
    strictEqual(Deno.readTextFileSync(`${directory}/app.img`), "app");
    deepStrictEqual(namesIn(`${directory}/tree`), []);
  }));

/** What the programs of the test images write. */
const REPORT =
  'id; pwd; hostname; printf "%s|" "$@"; cat /proc/self/environ | tr "\\0" "|"; exit 7';

toolTest(
  "the /init of --init-from-config runs the image's program as the first process of a machine",
  ["root", "mount:ext4", "busybox", "unshare", "chroot"],
  () =>
    withDirectory(async (directory) => {
      const busybox = Deno.readFileSync("/bin/busybox");
      const names = ["sh", "env", "id", "hostname", "cat", "tr", "mount", "mkdir", "ln", "ip"];
      const tools = [...names, "sync", "poweroff", "chown", "start-stop-daemon", "su"];
      writeLayout(
        `${directory}/layout`,
        [
          ["named", "app"],
          ["numbered", "4321:77"],
          ["root", ""],
        ].map(([tag, user]) => ({
          tag,
          layers: [{
            tar: tarArchive([
              { path: "bin/busybox", body: busybox, mode: 0o755 },
              ...tools.map((name) => ({ path: `bin/${name}`, type: "2", target: "busybox" })),
              // The last lines do not end.
              {
                path: "etc/passwd",
                body: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:",
              },
              { path: "etc/group", body: "app:x:1001:\nmore:x:1005:foo,app" },
            ]),
          }],
          config: {
            Entrypoint: ["/bin/sh", "-c", REPORT, "sh"],
            Cmd: ["it's", ""],
            Env: ["PATH=/bin", "A_B=$(x)\n'\""],
            WorkingDir: "srv/made",
            User: user,
          },
        })),
      );
      const expected: Record<string, [who: string, home: string]> = {
        named: ["uid=1000(app) gid=1001(app) groups=1001(app),1005(more)", "/home/app"],
        numbered: ["uid=4321(user4321) gid=77 groups=77", "/"],
        root: ["uid=0(root) gid=0", "/root"],
      };
      for (const [tag, [who, home]] of Object.entries(expected)) {
        const image = `${directory}/${tag}.ext4`;
        const result = await runCli([
          `oci:${directory}/layout:${tag}`,
          "-o",
          image,
          "-q",
          "--init-from-config",
          "--hostname=vm",
        ]);
        strictEqual(result.code, 0, result.stderr);
        const { stdout, stderr } = withMountedImage(image, (root) => {
          // In namespaces of its own to power off ends just these.
          const isolated = ["--pid", "--mount", "--uts", "--ipc", "--net", "--fork"];
          return new Deno.Command("unshare", {
            args: [...isolated, "chroot", root, "/init"],
            clearEnv: true,
            env: { PATH: Deno.env.get("PATH")! },
            stdin: "null",
          }).outputSync();
        }, { options: "rw" });
        const output = new TextDecoder().decode(stdout);
        const [first, cwd, hostname, rest] = output.split("\n", 3).concat(
          output.split("\n").slice(3).join("\n"),
        );
        deepStrictEqual([first, cwd, hostname], [who, "/srv/made", "vm"], tag);
        ok(rest.startsWith("it's||"), rest);
        const environment = rest.slice("it's||".length).split("|").filter((it) => it !== "");
        // The shell that reports adds these of its own.
        const own = environment.filter((it) => !/^(PWD|SHLVL|OLDPWD|_)=/.test(it));
        deepStrictEqual(own.sort(), ["A_B=$(x)\n'\"", `HOME=${home}`, "PATH=/bin", "TERM=linux"]);
        match(new TextDecoder().decode(stderr), /ended with status 7/);
      }
    }),
);
