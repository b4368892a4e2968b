import { rejects, strictEqual } from "node:assert/strict";
import { ImageError } from "../image_error.ts";
import type { FileStore } from "./file_store.ts";
import { createRequest } from "./open_options.ts";
import { openStore } from "./open_store.ts";

/** A store that counts how often it is closed. */
class CountingStore implements FileStore {
  readonly name = "store";
  closeCount = 0;

  find(): null {
    return null;
  }

  close(): void {
    this.closeCount++;
  }
}

const request = createRequest("the reference", {}, {});

Deno.test("openStore() closes the store when opening fails, and names the source", async () => {
  const store = new CountingStore();
  const opening = openStore(() => store, request, () =>
    Promise.reject(
      new ImageError("CORRUPT", "x", { where: { offset: 5 } }),
    ));
  await rejects(opening, { code: "CORRUPT", where: { source: "the reference", offset: 5 } });
  strictEqual(store.closeCount, 1);
});

Deno.test("openStore() leaves the store open until the image is closed", async () => {
  const store = new CountingStore();
  const image = await openStore(() => store, request, () =>
    Promise.resolve({
      reference: "the reference",
      digest: "sha256:",
      config: null,
      platform: null,
      layers: [],
      annotations: {},
      notices: [],
    }));
  strictEqual(store.closeCount, 0);
  await image.close();
  strictEqual(store.closeCount, 1);
});
