import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { TWO_LAYERS } from "../../src/composefs/oci/oci_fixture.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { layoutOf } from "../../src/source/layout_fixture.ts";
import { runCli, withDirectory } from "../e2e/cli_process.ts";

Deno.test("an image of a repository converts to the same bytes as the one that was pulled", async () => {
  await withDirectory(async (directory) => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args);
      strictEqual(code, 0, stderr);
      return stdout;
    };
    const layout = layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"));
    const repository = join(directory, "repository");
    const place = ["--repo", repository];
    const platform = ["--platform", "linux/amd64"];
    await run("composefs", "init", "--insecure", ...place);
    await run("composefs", "pull", `oci:${layout}`, "a/b:1", ...place, ...platform);
    const tars = await Promise.all(
      [`composefs:${repository}:a/b:1`, `oci:${layout}`].map(async (reference, i) => {
        const output = join(directory, `${i}.tar`);
        await run(reference, "-o", output, "--quiet", ...platform);
        return Deno.readFileSync(output);
      }),
    );
    deepStrictEqual(tars[0], tars[1]);
    const id = (await run("composefs", "compute-id", "a/b:1", ...place)).trim();
    const listed = await run("ls", "-R", `composefs:${repository}:${id}`, "/");
    strictEqual(listed.includes("medium"), true);
    const lost = await runCli([`composefs:${repository}:none`, "-o", join(directory, "x.tar")]);
    strictEqual(lost.code, 5);
  });
});

Deno.test("a source without layers is pulled as one layer of all its files", async () => {
  await withDirectory(async (directory) => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args);
      strictEqual(code, 0, stderr);
      return stdout;
    };
    const place = ["--repo", join(directory, "repository")];
    Deno.mkdirSync(join(directory, "root/usr/bin"), { recursive: true });
    Deno.writeTextFileSync(join(directory, "root/usr/bin/program"), "a program ".repeat(30));
    await run("composefs", "init", "--insecure", ...place);
    const pulled = await run("composefs", "pull", `dir:${directory}/root`, "files", ...place);
    strictEqual(
      await run("composefs", "pull", `dir:${directory}/root`, "again", ...place),
      pulled.replace("tagged files", "tagged again"),
    );
    const image = JSON.parse(await run("composefs", "inspect", "files", ...place));
    strictEqual(image.config.rootfs.diff_ids.length, 1);
    const listed = await run("ls", `composefs:${directory}/repository:files`, "/usr/bin");
    strictEqual(listed.trim(), "program");
    const errors = JSON.parse(await run("composefs", "fsck", "--json", ...place)).errors;
    deepStrictEqual(errors, []);
    deepStrictEqual([...Deno.readDirSync(join(directory, "repository/tmp"))], []);
  });
});

Deno.test("an image in a file and its objects convert to what they were made of", async () => {
  await withDirectory(async (directory) => {
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args);
      strictEqual(code, 0, stderr);
      return stdout;
    };
    const [file, objects] = ["app.composefs", "objects"].map((name) => join(directory, name));
    const source = `oci:${layoutOf(TWO_LAYERS).writeDirectory(join(directory, "layout"))}`;
    const platform = ["--platform", "linux/amd64"];
    await run(
      "composefs",
      "create-image",
      source,
      file,
      "--digest-store",
      objects,
      ...platform,
    );
    const made = `composefs-image:${objects}:${file}`;
    const outputs = await Promise.all([made, source].map(async (reference, i) => {
      const output = join(directory, `${i}.tar`);
      await run(reference, "-o", output, "--quiet", ...platform);
      return digestOf(Deno.readFileSync(output));
    }));
    strictEqual(outputs[0], outputs[1]);
    const content = "new ".repeat(100);
    strictEqual(await run("cat", made, "/etc/new"), content);
    const [head] = [...Deno.readDirSync(objects)].filter(({ name }) => name.length === 2);
    Deno.removeSync(join(objects, head.name), { recursive: true });
    const lost = await runCli([made, "-o", join(directory, "x.tar")]);
    match(lost.stderr, /Cannot read .*objects/);
    const none = await runCli([`composefs-image:${file}`, "-o", join(directory, "x.tar")]);
    match(none.stderr, /expected composefs-image:OBJECTS:FILE/);
  });
});
