import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openImage } from "../transport/open_image.ts";
import { overlay2, overlay2Chain } from "./overlay2.ts";

/** A store of three layers, `top` over `middle` over `base`, in a directory that is removed. */
async function withStore(use: (store: string) => void | Promise<void>): Promise<void> {
  const store = mkdtempSync(join(tmpdir(), "overlay2_"));
  try {
    mkdirSync(`${store}/l`);
    for (const name of ["base", "middle", "top"]) {
      mkdirSync(`${store}/${name}/diff`, { recursive: true });
      writeFileSync(`${store}/${name}/link`, name.toUpperCase());
      symlinkSync(`../${name}/diff`, `${store}/l/${name.toUpperCase()}`);
    }
    writeFileSync(`${store}/middle/lower`, "l/BASE");
    writeFileSync(`${store}/top/lower`, "l/MIDDLE:l/BASE");
    await use(store);
  } finally {
    rmSync(store, { recursive: true });
  }
}

Deno.test("overlay2 resolves a chain, newest first", async () => {
  await withStore(async (store) => {
    const diffs = (...names: string[]) => names.map((name) => `${store}/${name}/diff`);
    deepStrictEqual(overlay2Chain(`${store}/top`), diffs("top", "middle", "base"));
    deepStrictEqual(overlay2Chain(`${store}/middle/`), diffs("middle", "base"));
    deepStrictEqual(overlay2Chain(`${store}/base`), diffs("base"));
    for (const reference of [`overlay2:${store}/top`, `${store}/top`]) {
      const image = await openImage(reference);
      const [{ job }] = image.layers;
      deepStrictEqual(job.kind === "directory" && job.directories, diffs("top", "middle", "base"));
      deepStrictEqual([image.digest, image.config], [null, null]);
      await image.close();
    }
  });
});

/** What somebody may do to a store, and the error for it. */
type Trap = readonly [
  name: string,
  change: (store: string) => void,
  code: string,
  message: RegExp,
];

const TRAPS: readonly Trap[] = [
  [
    "no layer directory",
    (store) => rmSync(`${store}/top/link`),
    "NOT_FOUND",
    /it has no directory diff and file link/,
  ],
  [
    "a layer that is not there",
    (store) => rmSync(`${store}/base`, { recursive: true }),
    "NOT_FOUND",
    /layer directory ".*\/base" is not there/,
  ],
  [
    "a layer without files",
    (store) => rmSync(`${store}/middle/diff`, { recursive: true }),
    "NOT_FOUND",
    /layer directory ".*\/middle\/diff" is not there/,
  ],
  [
    "a link that is not there",
    (store) => rmSync(`${store}/l/BASE`),
    "NOT_FOUND",
    /Cannot read overlay2 link ".*\/l\/BASE"/,
  ],
  [
    "a layer below itself",
    (store) => writeFileSync(`${store}/top/lower`, "l/MIDDLE:l/TOP"),
    "CORRUPT",
    /layer "top" is below itself/,
  ],
  [
    "a layer twice",
    (store) => writeFileSync(`${store}/top/lower`, "l/MIDDLE:l/BASE:l/MIDDLE"),
    "CORRUPT",
    /layer "middle" is below itself/,
  ],
  ...["l/../../etc", "../l/BASE", "/etc", "l/..", "..", "l/BASE/.."].map((link) =>
    [
      `lower ${link}`,
      (store: string) => writeFileSync(`${store}/top/lower`, link),
      "UNSAFE_PATH",
      /it names ".*", expected links l\/NAME/,
    ] as const
  ),
  ...["base", "l", "l/", "x/BASE", "::", "l/BASE:"].map((link) =>
    [
      `lower ${link}`,
      (store: string) => writeFileSync(`${store}/top/lower`, link),
      "CORRUPT",
      /it names ".*", expected links l\/NAME/,
    ] as const
  ),
  ...[
    "/etc",
    "../../etc",
    "../base",
    "../base/../../etc",
    "../../overlay/base/diff",
    "../../../x/diff",
    "../../diff",
    "..//diff",
  ].map((target) =>
    [
      `a link to ${target}`,
      (store: string) => {
        rmSync(`${store}/l/BASE`);
        symlinkSync(target, `${store}/l/BASE`);
      },
      "UNSAFE_PATH",
      /it leads to ".*", expected a layer as/,
    ] as const
  ),
  [
    "a directory for a link",
    (store) => {
      rmSync(`${store}/l/BASE`);
      mkdirSync(`${store}/l/BASE`);
    },
    "CORRUPT",
    /it is no symbolic link/,
  ],
  [
    "a layer that is a link",
    (store) => {
      rmSync(`${store}/base`, { recursive: true });
      symlinkSync("middle", `${store}/base`);
    },
    "UNSAFE_PATH",
    /it is a symbolic link/,
  ],
  [
    "files that are a link",
    (store) => {
      rmSync(`${store}/base/diff`, { recursive: true });
      symlinkSync("/etc", `${store}/base/diff`);
    },
    "UNSAFE_PATH",
    /it is a symbolic link/,
  ],
  [
    "files that are a file",
    (store) => {
      rmSync(`${store}/base/diff`, { recursive: true });
      writeFileSync(`${store}/base/diff`, "");
    },
    "CORRUPT",
    /it is no directory/,
  ],
  [
    "too many layers",
    (store) => writeFileSync(`${store}/top/lower`, Array(500).fill("l/BASE").join(":")),
    "LIMIT_EXCEEDED",
    /it names 500 layers/,
  ],
  [
    "a list without end",
    (store) => writeFileSync(`${store}/top/lower`, "l/".repeat(50_000)),
    "LIMIT_EXCEEDED",
    /it has 100000 bytes/,
  ],
];

for (const [name, change, code, message] of TRAPS) {
  Deno.test(`overlay2 refuses ${name}`, async () => {
    await withStore(async (store) => {
      change(store);
      await rejects(overlay2(`${store}/top`), { name: "ImageError", code, message });
    });
  });
}

Deno.test("overlay2 takes directories alone", async () => {
  await rejects(overlay2("/nowhere/at/all"), { code: "NOT_FOUND" });
  throws(() => overlay2Chain("/dev/null"), { code: "NOT_FOUND" });
  strictEqual(await openImage("dir:/nowhere").catch((error) => error.code), "NOT_FOUND");
});
