/**
 * An image for the stores of container engines: all that layers do and every engine understands.
 *
 * @module
 */
import { tarArchive, type TarEntryInit } from "../../src/layer/tar/tar_fixture.ts";
import { type FixtureImage, LayoutFixture, tagged } from "../../src/source/layout_fixture.ts";
import { mustRun } from "../run_tool.ts";

/** Time of everything, so that what an engine adds by itself shows. */
const MTIME = 1_700_000_000;

/** Layers, base first. Each has all parents: an engine gives others its own times. */
const LAYERS: readonly (readonly TarEntryInit[])[] = [
  [
    { path: "./", type: "5" },
    { path: "etc/", type: "5" },
    { path: "etc/passwd", body: "root:x:0:0:root:/:/bin/sh\n", pax: { mtime: "1.123456789" } },
    { path: "etc/old", body: "old\n", mode: 0o600, uid: 1000, gid: 100 },
    { path: "bin/", type: "5" },
    { path: "bin/tool", body: "#!/bin/sh\n", mode: 0o4755, xattrs: { "user.note": "text" } },
    { path: "bin/again", type: "1", target: "bin/tool", mode: 0o4755 },
    { path: "bin/link", type: "2", target: "../etc/passwd" },
    { path: "opaque/", type: "5", mode: 0o1777, uid: 7, gid: 8 },
    { path: "opaque/hidden", body: "hidden\n" },
    { path: "gone/", type: "5" },
    { path: "gone/deep/", type: "5" },
    { path: "gone/deep/file", body: "gone\n" },
    { path: "big", body: new Uint8Array(70_000).fill(66) },
    { path: "pipe", type: "6" },
    { path: "null", type: "3", deviceMajor: 1, deviceMinor: 3, mode: 0o666 },
  ],
  [
    { path: "./", type: "5" },
    { path: "etc/", type: "5", mode: 0o750 },
    { path: "etc/.wh.old" },
    { path: "etc/new", body: "new\n" },
    { path: "opaque/", type: "5", mode: 0o700 },
    { path: "opaque/.wh..wh..opq" },
    { path: "opaque/seen", body: "seen\n" },
    { path: ".wh.gone" },
  ],
  [
    { path: "./", type: "5" },
    { path: "gone/", type: "5" },
    { path: "gone/back", body: "back\n" },
    { path: "etc/", type: "5", mode: 0o755 },
    { path: "etc/new", type: "2", target: "passwd" },
  ],
];

/** The image; `label` tells images of the same layers apart. */
export function storedImage(label = "one"): FixtureImage {
  return {
    layers: LAYERS.map((entries) => ({
      tar: tarArchive(entries.map((entry) => ({ mtime: MTIME, ...entry }))),
      compression: "gzip",
    })),
    runtime: { Cmd: ["/bin/tool"], Env: ["A=b"], Labels: { label } },
    config: { created: "2024-05-06T07:08:09Z" },
  };
}

/** Writes a layout with the image under the tag `one` to `path` and answers its reference. */
export function writeStoredImage(path: string, image: FixtureImage = storedImage()): string {
  const layout = new LayoutFixture();
  layout.setIndex([tagged(layout.addImage(image), "one")]).writeDirectory(path);
  return `oci:${path}:one`;
}

/** Copies an image from one place of skopeo's to another. */
export function copyImage(from: string, to: string): void {
  mustRun("skopeo", [
    "--insecure-policy",
    "copy",
    "--quiet",
    "--override-os=linux",
    "--override-arch=amd64",
    from,
    to,
  ]);
}
