import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { processEnvironment } from "./environment.ts";

Deno.test("processEnvironment reads files and folders, and passes over what is not there", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/b`, "text");
  await Deno.writeTextFile(`${folder}/a`, "");
  deepStrictEqual(processEnvironment.listDirectory(folder), ["a", "b"]);
  strictEqual(
    new TextDecoder().decode(processEnvironment.readFile(`${folder}/b`) ?? undefined),
    "text",
  );
  strictEqual(processEnvironment.readFile(`${folder}/c`), null);
  strictEqual(processEnvironment.readFile(folder), null);
  strictEqual(processEnvironment.readFile(`${folder}/b/c`), null);
  deepStrictEqual(processEnvironment.listDirectory(`${folder}/c`), []);
  deepStrictEqual(processEnvironment.listDirectory(`${folder}/b`), []);
  await Deno.truncate(`${folder}/a`, 5 * 1024 * 1024);
  throws(
    () => processEnvironment.readFile(`${folder}/a`),
    (error) => error instanceof ImageError && error.code === "LIMIT_EXCEEDED",
  );
  await Deno.remove(folder, { recursive: true });
});

Deno.test("processEnvironment takes an empty variable for none", () => {
  const name = "OCI2ROOTFS_TEST_OF_ENVIRONMENT";
  Deno.env.set(name, "x");
  strictEqual(processEnvironment.variable(name), "x");
  Deno.env.set(name, "");
  strictEqual(processEnvironment.variable(name), undefined);
  Deno.env.delete(name);
  strictEqual(processEnvironment.variable(name), undefined);
});

Deno.test({
  name: "processEnvironment goes on without permissions",
  permissions: { read: false, env: false },
  fn() {
    strictEqual(processEnvironment.variable("HOME"), undefined);
    strictEqual(processEnvironment.readFile("/etc/hostname"), null);
    deepStrictEqual(processEnvironment.listDirectory("/etc"), []);
  },
});
