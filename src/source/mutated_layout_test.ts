import fc from "fast-check";
import { ImageError } from "../image_error.ts";
import { dockerArchive, ociArchive, ociLayout } from "./image_doors.ts";
import {
  addDockerIndex,
  dockerMembers,
  LayoutFixture,
  onPlatform,
  tagged,
  tarOf,
  withDirectory,
} from "./layout_fixture.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const OPTIONS = { platform: "linux/amd64" };
const IMAGE = { layers: [{ tar: tarOf([{ name: "a" }]), compression: "gzip" as const }] };

function fixture(): LayoutFixture {
  const layout = new LayoutFixture();
  const manifest = layout.addImage(IMAGE);
  addDockerIndex(layout, manifest, ["a:b"]);
  const index = layout.addIndex([onPlatform(manifest, "linux", "amd64"), layout.addImage()]);
  return layout.setIndex([tagged(index, "latest")]);
}

async function onlyImageErrors(open: () => Promise<{ close(): Promise<void> }>): Promise<void> {
  try {
    await (await open()).close();
  } catch (error) {
    if (!(error instanceof ImageError)) throw error;
  }
}

/** Bytes with one replaced, or cut short. */
const mutation = fc.record({
  place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(...'"{}[]:,0-9en\\'.split("").map((char) => char.charCodeAt(0))),
  ),
  cut: fc.boolean(),
});

function mutate(
  bytes: Uint8Array,
  { place, byte, cut }: { place: number; byte: number; cut: boolean },
) {
  const at = Math.floor(place * bytes.length);
  if (cut) return bytes.slice(0, at);
  const copy = bytes.slice();
  copy[at] = byte;
  return copy;
}

Deno.test("a mutated index.json gives an image or an ImageError", async () => {
  await withDirectory(async (path) => {
    const layout = fixture();
    layout.writeDirectory(path);
    const index = layout.files.get("index.json")!;
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        writeFileSync(join(path, "index.json"), mutate(index, change));
        await onlyImageErrors(() => ociLayout(path, OPTIONS));
      }),
      { numRuns: 300 },
    );
  });
});

Deno.test("a mutated archive gives an image or an ImageError", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "archive");
    const oci = fixture().toArchive();
    const docker = tarOf(dockerMembers([{ image: IMAGE, names: ["a:b"] }]));
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        writeFileSync(path, mutate(oci, change));
        await onlyImageErrors(() => ociArchive(path, OPTIONS));
        await onlyImageErrors(() => dockerArchive(path, { ...OPTIONS, name: "a:b" }));
        writeFileSync(path, mutate(docker, change));
        await onlyImageErrors(() => dockerArchive(path, OPTIONS));
      }),
      { numRuns: 300 },
    );
  });
});
