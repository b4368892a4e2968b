import { deepStrictEqual } from "node:assert/strict";
import type { Mount } from "../../io/mount_table.ts";
import { withRepository } from "./repository_fixture.ts";
import { imagesIn } from "./mounted_images.ts";

const mount = (type: string, source: string): Mount => ({ device: "0:1", path: "/", type, source });

Deno.test("a mounted image is known by its overlay, its EROFS or its loop device", async () => {
  await withRepository(({ objects, images, path }) => {
    const ids = [0, 1, 2, 3, 4].map((size) => objects.put(new Uint8Array(size)).id);
    images.put(ids[3], ids[3]);
    Deno.symlinkSync(path, `${path}.link`);
    const mounts = [
      mount("overlay", `composefs:${ids[0]}`),
      mount("erofs", `${path}.link/objects/${ids[1].slice(0, 2)}/${ids[1].slice(2)}`),
      mount("erofs", "/dev/loop0"),
      mount("overlay", `composefs:${"0".repeat(64)}`),
      mount("overlay", "composefs:name"),
      mount("ext4", `composefs:${ids[4]}`),
      mount("tmpfs", objects.pathOf(ids[4])),
    ];
    const files = [
      objects.pathOf(ids[2]),
      `${path}/images/${ids[3]}`,
      `${path}/meta.json`,
      "/gone",
    ];
    deepStrictEqual([...imagesIn(objects, mounts, files)], ids.slice(0, 4));
  });
});
