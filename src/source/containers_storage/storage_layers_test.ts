import { deepStrictEqual } from "node:assert/strict";
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
      above.write();
      const stores = ["above", "below"].map((name) => new StorageStore(`${path}/${name}`));
      const diffIds = [0, 1].map((i) => `${below.layers[i]["diff-digest"]}`);
      deepStrictEqual(
        storageLayers(stores, stores[0], "top", [...diffIds, "sha256:any"]).directories,
        [
          `${path}/above/overlay/top/diff`,
          `${path}/below/overlay/layer1/diff`,
          `${path}/below/overlay/layer0/diff`,
        ],
      );
      deepStrictEqual(storageLayers(stores, stores[0], "", []).directories, []);
    }),
});
