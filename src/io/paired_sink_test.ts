import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import type { ImageSink } from "./byte_sink.ts";
import { memorySink } from "./memory_sink.ts";
import { pairedSink } from "./paired_sink.ts";

/** A destination that tells what is done to it, and fails at one of its steps. */
function toldSink(name: string, told: string[], failing = ""): ImageSink {
  const step = (what: string) => {
    told.push(`${name} ${what}`);
    if (`${name} ${what}` === failing) throw new Error(failing);
  };
  return {
    name,
    seekable: true,
    open() {
      step("open");
      return {
        write() {},
        truncate() {},
        sync: () => step("sync"),
        commit: () => step("commit"),
        abort: () => step("abort"),
      };
    },
  };
}

Deno.test("pairedSink() writes both, and both appear at commit", () => {
  const [first, second] = [memorySink(), memorySink()];
  const pair = pairedSink(first, second);
  throws(() => pair.second.write(Uint8Array.of(1), 0), TypeError);
  const output = pair.open();
  output.write(Uint8Array.of(1, 2), 0);
  pair.second.write(Uint8Array.of(3), 1);
  const into = new Uint8Array(2);
  output.read!(into, 0);
  deepStrictEqual(into, Uint8Array.of(1, 2));
  strictEqual(second.bytes.length, 0);
  output.commit();
  deepStrictEqual([first.bytes, second.bytes], [Uint8Array.of(1, 2), Uint8Array.of(0, 3)]);
});

Deno.test("pairedSink() names neither before both are on the disk", () => {
  const told: string[] = [];
  const output = pairedSink(toldSink("a", told), toldSink("b", told, "b sync")).open();
  throws(() => output.commit(), /b sync/);
  output.abort();
  deepStrictEqual(told, ["a open", "b open", "a sync", "b sync", "a abort", "b abort"]);
});

Deno.test("pairedSink() gives the first back where the second does not open", () => {
  const told: string[] = [];
  throws(() => pairedSink(toldSink("a", told), toldSink("b", told, "b open")).open(), /b open/);
  deepStrictEqual(told, ["a open", "b open", "a abort"]);
});
