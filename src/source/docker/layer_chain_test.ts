import { deepStrictEqual } from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { DockerRoot } from "./docker_root.ts";
import { writeDockerImage } from "./docker_root_fixture.ts";
import { dockerLayers } from "./layer_chain.ts";

Deno.test("dockerLayers() takes the sizes of layers where the store has them", () => {
  const path = Deno.makeTempDirSync({ prefix: "layer_chain_" });
  try {
    const { id, chains } = writeDockerImage(path, "a", 3);
    const root = new DockerRoot(path);
    const { diffIds } = root.readConfig(id).parsed.config;
    const database = `${path}/image/overlay2/layerdb/sha256`;
    writeFileSync(`${database}/${chains[0].slice(7)}/size`, "123456\n");
    writeFileSync(`${database}/${chains[1].slice(7)}/size`, "-1");
    deepStrictEqual(dockerLayers(root, diffIds).map(({ size }) => size), [123456, null, null]);
  } finally {
    rmSync(path, { recursive: true });
  }
});
