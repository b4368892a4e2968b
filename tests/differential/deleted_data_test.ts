import { deepStrictEqual } from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { writeLayout } from "../handmade_layout.ts";
import { directory, file, layerTar, link, symlink } from "./case_entries.ts";
import { convertReference } from "./converted_image.ts";

/** Content of several blocks whose every block names its file. */
const content = (name: string) => `<${name}>`.repeat(Math.ceil(20_000 / (name.length + 2)));

Deno.test("convert() leaves nothing in the image of files that the layers delete or replace", async () => {
  const layers = [
    [
      directory("d"),
      file("whited-out", content("gone-by-whiteout")),
      file("d/opaque", content("gone-by-opaque-mark")),
      file("replaced", content("gone-by-replacement")),
      file("twice", content("gone-in-the-same-layer")),
      file("twice", content("kept-in-the-same-layer")),
      directory("tree"),
      file("tree/inside", content("gone-with-its-directory")),
      directory("usr"),
      symlink("lib", "usr"),
      file("usr/behind", content("gone-behind-a-link")),
      file("original", content("kept-by-a-hard-link")),
    ],
    [
      link("alias", "original"),
      file(".wh.whited-out", ""),
      file("d/.wh..wh..opq", ""),
      file("replaced", content("kept-replacement")),
      file("tree", content("kept-in-place-of-a-tree")),
      file("lib/behind", content("kept-behind-a-link")),
    ],
    [file(".wh.original", "")],
  ];
  const work = Deno.makeTempDirSync({ prefix: "deleted_data_" });
  try {
    const stored = layers.map((entries) => ({ tar: layerTar(entries) }));
    writeLayout(`${work}/layout`, [{ tag: "image", layers: stored }]);
    const { path } = await convertReference(`oci:${work}/layout:image`, `${work}/image.ext4`);
    const image = readFileSync(path);
    const names = new Set(image.toString("latin1").match(/<(gone|kept)-[a-z-]+>/g));
    deepStrictEqual([...names].sort(), [
      "<kept-behind-a-link>",
      "<kept-by-a-hard-link>",
      "<kept-in-place-of-a-tree>",
      "<kept-in-the-same-layer>",
      "<kept-replacement>",
    ]);
  } finally {
    rmSync(work, { recursive: true });
  }
});
