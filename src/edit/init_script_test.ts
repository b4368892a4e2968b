import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import fc from "fast-check";
import { bytesOf } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import { initScript, type RunConfig, workingDirectory } from "./init_script.ts";

const CONFIG: RunConfig = { entrypoint: [], cmd: ["/bin/true"], env: [], workingDir: "", user: "" };
const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Runs the second step of the script, which needs no rights; answers what it writes. */
function run(config: Partial<RunConfig>): { code: number; parts: string[] } {
  const directory = Deno.makeTempDirSync({ prefix: "init_script_" });
  try {
    Deno.writeFileSync(`${directory}/init`, bytesOf(initScript({ ...CONFIG, ...config })));
    const { code, stdout } = new Deno.Command("sh", {
      args: [`${directory}/init`, "--as-user"],
      clearEnv: true,
      env: { HOME: "/home/it", TERM: "dumb", SECRET: "of the shell" },
    }).outputSync();
    return { code, parts: new TextDecoder().decode(stdout).split("\0").slice(0, -1) };
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const text = fc.string({ unit: "binary", maxLength: 20 })
  .filter((it) => !it.includes("\0") && it.isWellFormed());

Deno.test("initScript() hands on exactly the arguments of the image", () => {
  fc.assert(
    fc.property(fc.array(text, { maxLength: 8 }), fc.array(text, { maxLength: 8 }), (a, b) => {
      const { code, parts } = run({ entrypoint: ["printf", "%s\\0", "", ...a], cmd: b });
      strictEqual(code, 0);
      deepStrictEqual(parts, ["", ...a, ...b]);
    }),
    { numRuns: 25 },
  );
});

Deno.test("initScript() gives exactly the environment of the image", () => {
  const name = text.filter((it) => it !== "" && !it.includes("="));
  fc.assert(
    fc.property(fc.array(fc.tuple(name, text), { maxLength: 8 }), (pairs) => {
      const env = pairs.map(([key, value]) => `${key}=${value}`);
      const { code, parts } = run({ entrypoint: ["/usr/bin/env", "-0"], cmd: [], env });
      strictEqual(code, 0);
      const wanted = new Map<string, string>();
      for (const it of ["HOME=/home/it", "TERM=dumb", DEFAULT_PATH, ...env]) {
        wanted.set(it.slice(0, it.indexOf("=")), it);
      }
      deepStrictEqual(parts.sort(), [...wanted.values()].sort());
    }),
    { numRuns: 25 },
  );
});

Deno.test("initScript() gives names that mean something to a shell or to env", () => {
  const env = ["IFS=x", "OPTIND=no", "UID=7", "PWD=/no", "A.B=1", "-i=2", "--=3", "PS4=$(reboot)"];
  const { parts } = run({ entrypoint: ["/usr/bin/env"], cmd: ["-0"], env });
  deepStrictEqual(parts.sort(), ["HOME=/home/it", "TERM=dumb", DEFAULT_PATH, ...env].sort());
});

Deno.test("initScript() runs a program with an equals sign in its name", () => {
  const directory = Deno.makeTempDirSync({ prefix: "init_script_" });
  try {
    Deno.symlinkSync("/usr/bin/printf", `${directory}/a=b`);
    deepStrictEqual(run({ entrypoint: [`${directory}/a=b`, "%s\\0", "x y"], cmd: [] }).parts, [
      "x y",
    ]);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});

Deno.test("initScript() runs in the directory of the image, and nowhere else", () => {
  const where = { entrypoint: ["printf", "%s\\0"], cmd: [] };
  const pwd = (workingDir: string) =>
    run({ entrypoint: ["/bin/sh", "-c", "printf '%s\\0' \"$(pwd -P)\""], cmd: [], workingDir });
  deepStrictEqual(pwd("").parts, ["/"]);
  deepStrictEqual(pwd("usr/./bin/../bin").parts, ["/usr/bin"]);
  deepStrictEqual(run({ ...where, workingDir: "/not there" }), { code: 126, parts: [] });
});

Deno.test("workingDirectory() is absolute and inside the root", () => {
  const of = (workingDir: string) => workingDirectory({ ...CONFIG, workingDir });
  deepStrictEqual(["", "/", "a", "/a//b/", "../../x", "/a/../.."].map(of), [
    "/",
    "/",
    "/a",
    "/a/b",
    "/x",
    "/",
  ]);
});

Deno.test("initScript() refuses what cannot be run", () => {
  const wrong: [Partial<RunConfig>, string][] = [
    [{ cmd: [] }, "NOT_FOUND"],
    [{ cmd: ["a\0b"] }, "CORRUPT"],
    [{ env: ["NOTHING"] }, "CORRUPT"],
    [{ env: ["=x"] }, "CORRUPT"],
    [{ user: "a\0" }, "CORRUPT"],
  ];
  for (const [config, code] of wrong) {
    throws(
      () => initScript({ ...CONFIG, ...config }),
      (error) => error instanceof ImageError && error.code === code,
      JSON.stringify(config),
    );
  }
});
