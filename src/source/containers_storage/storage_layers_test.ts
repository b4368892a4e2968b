import { deepStrictEqual, throws } from "node:assert/strict";
import { mkdirSync, renameSync, symlinkSync } from "node:fs";
import { withDirectory } from "../layout_fixture.ts";
import { storageLayers } from "./storage_layers.ts";
import { StorageFixture } from "./storage_fixture.ts";
import { StorageStore } from "./storage_store.ts";

Deno.test({
  name: "storageLayers() takes layers of further stores",
  ignore: Deno.build.os !== "linux" || Deno.uid() !== 0,
  fn: () =>
    withDirectory((path) => {
      const below = new StorageFixture(`${path}/below`);
      below.addLayers(2);
      below.write();
      const above = new StorageFixture(`${path}/above`);
      above.layers.push({ id: "top", parent: "layer1" });
      mkdirSync(`${path}/above/overlay/top/diff`, { recursive: true });
      above.write();
      const stores = ["above", "below"].map((name) =>
        new StorageStore(`${path}/${name}`, "overlay")
      );
      const diffIds = [0, 1].map((i) => `${below.layers[i]["diff-digest"]}`);
      const layers = storageLayers(stores, stores[0], "top", [...diffIds, "sha256:any"]);
      deepStrictEqual(layers.map(({ directory }) => directory), [
        `${path}/below/overlay/layer0/diff`,
        `${path}/below/overlay/layer1/diff`,
        `${path}/above/overlay/top/diff`,
      ]);
      deepStrictEqual(layers.map(({ diffId }) => diffId), [...diffIds, "sha256:any"]);
      deepStrictEqual(storageLayers(stores, stores[0], "", []), []);
      // Where the link leads the same files would be found.
      renameSync(`${path}/above/overlay/top`, `${path}/above/overlay/elsewhere`);
      symlinkSync("elsewhere", `${path}/above/overlay/top`);
      throws(() => storageLayers(stores, stores[0], "top", [...diffIds, "sha256:any"]), {
        code: "UNSAFE_PATH",
        message: /symbolic link/,
      });
    }),
});
