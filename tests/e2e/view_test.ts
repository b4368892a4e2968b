import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { CLI, runCli, startCli, TINY, withDirectory } from "./cli_process.ts";

/** Calls `use` with every way to the same files: layers, and a filesystem image of them. */
async function withImages(use: (references: string[], directory: string) => Promise<void>) {
  await withDirectory(async (directory) => {
    const { code, stderr } = await runCli([TINY, "-o", `${directory}/x.ext4`]);
    strictEqual(code, 0, stderr);
    await use([TINY, `${directory}/x.ext4`], directory);
  });
}

async function output(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args);
  strictEqual(code, 0, stderr);
  strictEqual(stderr, "", "looking is quiet");
  return stdout;
}

Deno.test("ls lists layers and filesystem images alike", async () => {
  await withImages(async (references) => {
    for (const reference of references) {
      strictEqual(
        await output("ls", reference, "/etc", "lib"),
        [
          "/etc:\nos-release\npasswd\ntiny-arch\ntiny.d\n",
          "/lib:\nlibtiny.so\nlibtiny.so.1\nplugin.so\n",
        ].join("\n"),
      );
      match(
        await output("ls", "-ld", "--time-style", "full-iso", reference, "/lib", "/dev/null"),
        /^lrwxrwxrwx 1 0 0 +7 2026-01-02 03:04:05\.000000000 \+0000 \/lib -> usr\/lib\n.* 1, 3 /,
      );
      const all = JSON.parse(await output("ls", "-aR", "--json", reference, "/home"));
      deepStrictEqual(
        all.map(({ path }: { path: string }) => path),
        ["/home/user", "/home/user/café.txt", "/home/user/latin\udce9.txt"],
      );
      match(await output("ls", "-R", reference, "/etc"), /\n\n\/etc\/tiny\.d:\nfirst\.conf\n$/);
    }
  });
});

Deno.test("ls writes names byte for byte where no terminal shows them", async () => {
  const { stdout } = await startCli(["ls", TINY, "/home/user"]).output();
  ok(Buffer.from(stdout).includes(Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0xe9, 0x2e])));
});

Deno.test("cat prints files, links followed inside the image", async () => {
  await withImages(async (references) => {
    for (const reference of references) {
      const passwd = await output("cat", reference, "/etc/passwd");
      match(passwd, /^root:x:0:0:/);
      const twice = await output("cat", reference, "/etc/passwd", "../../etc/passwd");
      strictEqual(twice, passwd + passwd);
      strictEqual(
        await output("cat", reference, "/lib/libtiny.so"),
        await output("cat", reference, "/usr/lib/libtiny.so.1"),
      );
      const [json] = JSON.parse(await output("cat", "--json", reference, "/etc/passwd"));
      strictEqual(Buffer.from(json.content, "base64").toString(), passwd);
      const refused = await runCli(["cat", reference, "/etc/passwd", "/etc"]);
      strictEqual(refused.code, 4);
      strictEqual(refused.stdout, "", "nothing is printed before all are found");
      match(refused.stderr, /Cannot print "\/etc": it is a directory/);
      const missing = await runCli(["cat", reference, "/nope"]);
      strictEqual(missing.code, 5);
      match(missing.stderr, /Cannot find "\/nope" in the image/);
    }
  });
});

Deno.test("cat prints files of layers in the order in which they are asked for", async () => {
  await withImages(async (references) => {
    const paths = ["/usr/lib/libtiny.so.1", "/etc/passwd", "/bin/tool", "/etc/passwd"];
    for (const reference of references) {
      const single = await Promise.all(paths.map((path) => output("cat", reference, path)));
      strictEqual(await output("cat", reference, ...paths), single.join(""));
      const json = JSON.parse(await output("cat", "--json", reference, ...paths));
      deepStrictEqual(
        json.map(({ content }: { content: string }) => Buffer.from(content, "base64").toString()),
        single,
      );
    }
  });
});

Deno.test("a path that is not UTF-8 is given as output shows it", async () => {
  await withImages(async (references, directory) => {
    for (const reference of references) {
      for (const path of ["/home/user/latin\\xe9.txt", "$'/home/user/latin\\351.txt'"]) {
        const [{ path: found }] = JSON.parse(await output("stat", "--json", reference, path));
        strictEqual(found, "/home/user/latin\udce9.txt");
        match(await output("ls", reference, path), /latin.*\.txt\n$/);
        strictEqual((await runCli(["cat", reference, path])).code, 0);
        const to = `${directory}/out`;
        strictEqual((await runCli(["extract", reference, path, "-o", `${to}.tar`])).code, 0);
        Deno.removeSync(`${to}.tar`);
      }
      const { stderr } = await runCli(["cat", reference, "/nope\\n"]);
      match(stderr, /Cannot find "\/nope\\n"/, "as it was given");
    }
    // A name with a backslash goes first.
    Deno.mkdirSync(`${directory}/root`);
    Deno.writeTextFileSync(`${directory}/root/a\\x41`, "backslash");
    strictEqual(await output("cat", `dir:${directory}/root`, "a\\x41"), "backslash");
    Deno.writeTextFileSync(`${directory}/root/aA`, "letter");
    strictEqual(await output("cat", `dir:${directory}/root`, "a\\x41"), "backslash");
  });
});

Deno.test("stat, tree and dump tell the same of layers and of a filesystem image", async () => {
  await withImages(async (references) => {
    const outputs = await Promise.all(references.map(async (reference) => {
      const dump = await output("dump", "--digests", reference);
      return [
        await output("stat", reference, "/usr/lib/libtiny.so.1", "/lib"),
        await output("stat", "--json", "-L", reference, "/lib"),
        await output("tree", reference, "/usr"),
        await output("tree", "--json", reference, "/usr"),
        // The names and link counts that only the filesystem has.
        dump.split("\n").filter((line) => !/^\/(lost\+found)? /.test(line)).join("\n"),
      ];
    }));
    deepStrictEqual(outputs[0], outputs[1]);
    const [stat, statJson, tree, treeJson, dump] = outputs[0];
    match(stat, /^ {2}File: \/usr\/lib\/libtiny\.so\.1\n {2}Size: 23 +regular file\n/);
    match(stat, / Xattr: security\.capability=0x0100000200200000/);
    match(stat, /File: \/lib -> usr\/lib\n/);
    strictEqual(JSON.parse(statJson)[0].type, "directory");
    match(tree, /\n├── lib\n│ {3}├── libtiny\.so -> libtiny\.so\.1\n/);
    match(tree, /\n\n\d+ directories, \d+ files\n$/);
    strictEqual(JSON.parse(treeJson).contents[0].name, "bin");
    match(dump, /^\/bin\/tool 32 100644 1 0 0 0 1767323145\.0 - - [0-9a-f]{64}$/m);
  });
});

Deno.test({
  name: "a terminal gets names quoted (needs: script)",
  ignore: !hasScript(),
  async fn() {
    await withDirectory(async (directory) => {
      Deno.mkdirSync(`${directory}/root`);
      Deno.writeTextFileSync(`${directory}/root/\x1b[31mred`, "");
      const line =
        `${Deno.execPath()} run -A --no-check ${CLI} ls dir:${directory}/root 2>/dev/null`;
      const { stdout } = await new Deno.Command("script", {
        args: ["-qec", line, "/dev/null"],
        env: { NO_COLOR: "1" },
        stdin: "null",
      }).output();
      match(new TextDecoder().decode(stdout), /\$'\\033\[31mred'/);
      ok(!stdout.includes(0x1b), "nothing moves the cursor");
    });
  },
});

/** Whether util-linux's script(1) is there, which makes a terminal. */
function hasScript(): boolean {
  return Deno.build.os === "linux" &&
    new Deno.Command("sh", { args: ["-c", "command -v script"] }).outputSync().success;
}

Deno.test("a reader that goes ends the output quietly", async () => {
  await withDirectory(async (directory) => {
    for (let i = 0; i < 3000; i++) {
      Deno.writeTextFileSync(`${directory}/${"x".repeat(200)}${i}`, "");
    }
    const line = `${Deno.execPath()} run -A --no-check ${CLI} ls -l dir:${directory}`;
    const { stdout, stderr, code } = await new Deno.Command("bash", {
      args: ["-c", `set -o pipefail; ${line} | head -n 1`],
    }).output();
    strictEqual(new TextDecoder().decode(stderr), "");
    strictEqual(code, 0);
    strictEqual(new TextDecoder().decode(stdout).split("\n").length, 2);
    // What was found until then is not forgotten.
    Deno.mkdirSync(`${directory}/empty`);
    for (const command of ["diff", "verify"]) {
      const args = `${command} dir:${directory} dir:${directory}/empty`;
      const line = `${Deno.execPath()} run -A --no-check ${CLI} ${args}`;
      const { stderr, code } = await new Deno.Command("bash", {
        args: ["-c", `set -o pipefail; ${line} | head -n 1`],
      }).output();
      strictEqual(new TextDecoder().decode(stderr), "");
      strictEqual(code, 1);
    }
  });
});

Deno.test("--format dump is what dump prints", async () => {
  await withImages(async (references, directory) => {
    for (const reference of references) {
      const file = `${directory}/x.dump`;
      strictEqual((await runCli([reference, "-o", file, "--digests"])).code, 0);
      // A conversion leaves out what the format of the image put there by itself.
      const lines = (await output("dump", "--digests", reference)).split("\n")
        .filter((line) => !line.startsWith("/lost+found "));
      deepStrictEqual(Deno.readTextFileSync(file).split("\n").slice(1), lines.slice(1));
    }
  });
});

Deno.test("--format dump opens no file where digests are not asked for", async () => {
  await withDirectory(async (directory) => {
    const file = `${directory}/root/file`;
    Deno.mkdirSync(`${directory}/root`);
    Deno.writeTextFileSync(file, "x");
    const times: (Date | null)[] = [Deno.statSync(file).atime];
    for (const options of [[], ["--digests"]]) {
      const args = [`dir:${directory}/root`, "-o", `${directory}/x.dump`, ...options];
      strictEqual((await runCli(args)).code, 0);
      const lines = Deno.readTextFileSync(`${directory}/x.dump`).split("\n");
      match(lines[1], options.length === 0 ? /^\/file 1 .* - - -$/ : /^\/file 1 .* [0-9a-f]{64}$/);
      times.push(Deno.statSync(file).atime);
    }
    deepStrictEqual(times[1], times[0]);
  });
});

Deno.test("inspect tells what a filesystem image is", async () => {
  await withImages(async ([, image]) => {
    match(await output("inspect", image), /^Format: +ext4$[^]*^UUID: +[0-9a-f-]{36}$/m);
    const { format, features, details } = JSON.parse(await output("inspect", "--json", image));
    strictEqual(format, "ext4");
    ok(features.includes("metadata_csum"));
    strictEqual(details.inodeSize, 256);
    strictEqual((await runCli(["inspect", "--tags", image])).code, 2);
  });
});
