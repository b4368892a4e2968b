import { deepStrictEqual, notStrictEqual, strictEqual, throws } from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { sharedData } from "./shared_data.ts";

Deno.test("sharedData() makes data once for a recipe and again for another", () => {
  const name = `shared_data_test_${crypto.randomUUID()}`;
  const made: string[] = [];
  const make = (text: string) => (directory: string) => {
    made.push(text);
    writeFileSync(`${directory}/text`, text);
  };
  const first = sharedData(name, "recipe 1", make("first"));
  const again = sharedData(name, "recipe 1", make("again"));
  const other = sharedData(name, "recipe 2", make("other"));
  try {
    strictEqual(again, first);
    notStrictEqual(other, first);
    strictEqual(readFileSync(`${first}/text`, "utf8"), "first");
    deepStrictEqual(made, ["first", "other"]);
  } finally {
    for (const directory of [first, other]) {
      rmSync(directory, { recursive: true });
      rmSync(`${directory}.lock`);
    }
  }
});

Deno.test("sharedData() leaves nothing that looks complete when making fails", () => {
  const name = `shared_data_test_${crypto.randomUUID()}`;
  let attempted = "";
  throws(() =>
    sharedData(name, "recipe", (directory) => {
      attempted = directory;
      throw new Error("planted");
    }), /planted/);
  const directory = attempted.slice(0, -".partial".length);
  strictEqual(existsSync(directory), false);
  rmSync(attempted, { recursive: true });
  rmSync(`${directory}.lock`);
});
