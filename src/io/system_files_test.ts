import { deepStrictEqual, strictEqual } from "node:assert/strict";

/** What a program with these rights sees of a text and a directory of the kernel. */
function seen(...rights: string[]): { text: string | null; names: string[] } {
  const code = `
    import { SystemFiles } from ${JSON.stringify(import.meta.resolve("./system_files.ts"))};
    using files = new SystemFiles();
    const text = files.text("/proc/sys/kernel/osrelease");
    console.log(JSON.stringify({ text, names: files.names("/proc/sys/kernel").sort() }));
  `;
  const { stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", ...rights, `data:text/typescript,${encodeURIComponent(code)}`],
    env: { NO_COLOR: "1" },
  }).outputSync();
  return JSON.parse(new TextDecoder().decode(stdout));
}

Deno.test({
  name: "SystemFiles reads what the runtime shows, what the C library shows, or nothing",
  ignore: Deno.build.os !== "linux",
  fn() {
    const expected = Deno.readTextFileSync("/proc/sys/kernel/osrelease");
    for (const rights of [["-A"], ["-R", "--allow-ffi"]]) {
      const { text, names } = seen(...rights);
      strictEqual(text, expected);
      strictEqual(names.includes("osrelease"), true);
    }
    deepStrictEqual(seen("-R"), { text: null, names: [] });
  },
});
