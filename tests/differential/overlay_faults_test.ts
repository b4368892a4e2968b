/**
 * Overlay layers whose markers make no sense: an error that says so, and never a hang or a crash.
 */
import { ok, rejects } from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { ImageError } from "../../src/image_error.ts";
import {
  directoryLayerOf,
  readDirectoryLayer,
  withDirectory,
} from "../../src/layer/directory/directory_fixture.ts";
import { mustRun, runTool } from "../run_tool.ts";
import { toolTest } from "../tools.ts";

const NEEDS = ["root", "setfattr"];

/** Runs a script where there are directories `0` (the base) to `2`, and reads these as layers. */
async function readStack(script: string, directory: string) {
  for (const layer of ["0", "1", "2"]) mkdirSync(`${directory}/${layer}`);
  mustRun("bash", ["-euc", script], { cwd: directory });
  return await readDirectoryLayer(
    directoryLayerOf(["2", "1", "0"].map((layer) => `${directory}/${layer}`)),
  );
}

const mark = (name: string, value: string, path: string) =>
  `setfattr -n trusted.overlay.${name} -v '${value}' ${path};`;

const FAULTS: readonly [name: string, script: string, code: string, message: RegExp][] = [
  [
    "a redirection out of the layer",
    `mkdir 2/d; ${mark("redirect", "/../etc", "2/d")}`,
    "UNSAFE_PATH",
    /it leads out of its layer/,
  ],
  [
    "a redirection that is no path",
    `mkdir 2/d; ${mark("redirect", "a/b", "2/d")}`,
    "CORRUPT",
    /it is no path/,
  ],
  [
    "a file whose bytes are nowhere",
    `truncate -s 5 2/f; ${mark("metacopy", "", "2/f")}`,
    "CORRUPT",
    /none has them/,
  ],
  [
    "a file whose bytes were deleted",
    `echo hello > 0/f; mknod 1/f c 0 0; truncate -s 6 2/f; ${mark("metacopy", "", "2/f")}`,
    "CORRUPT",
    /none has them/,
  ],
  [
    "a file whose bytes are a directory",
    `mkdir 0/f; truncate -s 6 2/f; ${mark("metacopy", "", "2/f")}`,
    "CORRUPT",
    /none has them/,
  ],
  [
    "a file whose bytes are others",
    `echo hell > 0/f; truncate -s 6 2/f; ${mark("metacopy", "", "2/f")}`,
    "CORRUPT",
    /has 5 of them, expected 6/,
  ],
  [
    "metadata upon metadata upon nothing",
    `truncate -s 6 1/f 2/f; ${mark("metacopy", "", "1/f")} ${mark("metacopy", "", "2/f")}`,
    "CORRUPT",
    /none has them/,
  ],
];

for (const [name, script, code, message] of FAULTS) {
  toolTest(`an overlay with ${name} is an error`, NEEDS, async () => {
    await withDirectory(async (directory) => {
      await rejects(readStack(script, directory), { name: "ImageError", code, message });
    });
  });
}

toolTest("redirections that make many files of few are an error", NEEDS, async () => {
  await withDirectory(async (directory) => {
    const script = `
mkdir 0/d0; echo x > 0/d0/file
for layer in 1 2; do
  mkdir $layer/d$layer
  for i in $(seq 20); do
    mkdir $layer/d$layer/$i
    setfattr -n trusted.overlay.redirect -v /d$((layer - 1)) $layer/d$layer/$i
  done
done
`;
    await rejects(readStack(script, directory), { code: "LIMIT_EXCEEDED" });
  });
});

toolTest("overlays with random markers are read, or refused", NEEDS, async () => {
  const path = fc.constantFrom("a", "b", "a/a", "a/b", "b/a");
  const marker = fc.record({
    layer: fc.nat({ max: 2 }),
    path,
    name: fc.constantFrom("redirect", "redirect", "metacopy", "opaque", "whiteout"),
    value: fc.oneof(path, path.map((it) => `/${it}`), fc.constantFrom("y", "x", "/", "..")),
  });
  const file = fc.record({ layer: fc.nat({ max: 2 }), path, isFile: fc.boolean() });
  let readCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(file, { minLength: 4, maxLength: 12 }),
      fc.array(marker, { maxLength: 6 }),
      async (files, markers) => {
        await withDirectory(async (directory) => {
          for (const layer of [0, 1, 2]) mkdirSync(`${directory}/${layer}`);
          for (const { layer, path, isFile } of files) {
            const place = `${directory}/${layer}/${path}`;
            try {
              if (isFile) writeFileSync(place, "12345");
              else mkdirSync(place, { recursive: true });
            } catch {
              // What is in the way stays.
            }
          }
          for (const { layer, path, name, value } of markers) {
            const place = `${directory}/${layer}/${path}`;
            runTool("setfattr", ["-n", `trusted.overlay.${name}`, "-v", value, place]);
          }
          const stack = directoryLayerOf([2, 1, 0].map((layer) => `${directory}/${layer}`));
          try {
            await readDirectoryLayer(stack);
            readCount++;
          } catch (error) {
            if (!(error instanceof ImageError)) throw error;
          }
        });
      },
    ),
    { numRuns: 30 },
  );
  ok(readCount > 5, `only ${readCount} of 30 could be read`);
});
