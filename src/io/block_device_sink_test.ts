import { Buffer } from "node:buffer";
import { match, ok, strictEqual } from "node:assert/strict";
import { withLoopDevice } from "../../tests/loop_device.ts";
import { unmount } from "../../tests/loop_mount.ts";
import { mustRun } from "../../tests/run_tool.ts";
import { toolTest } from "../../tests/tools.ts";
import { ImageError } from "../image_error.ts";
import { fileSink } from "./file_sink.ts";

const DEVICE_BYTES = 1024 * 1024;
const OLD = 0xa5;

/** A device full of old content. */
async function withDevice(use: (device: string, file: string) => void | Promise<void>) {
  const file = Deno.makeTempFileSync({ prefix: "block_device_" });
  try {
    Deno.writeFileSync(file, new Uint8Array(DEVICE_BYTES).fill(OLD));
    await withLoopDevice(file, (device) => use(device, file));
  } finally {
    Deno.removeSync(file);
  }
}

/** Not `deepStrictEqual`: to print how two large arrays differ takes minutes. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function thrownBy(fn: () => unknown): ImageError {
  try {
    fn();
  } catch (error) {
    ok(error instanceof ImageError, String(error));
    return error;
  }
  throw new Error("nothing was thrown");
}

toolTest(
  "fileSink() writes a block device in place, with zeros where nothing was written",
  ["root", "losetup", "mount:ext4"],
  () =>
    withDevice((device) => {
      const size = 768 * 1024;
      const expected = new Uint8Array(DEVICE_BYTES).fill(OLD);
      expected.fill(0, 0, size);
      const output = fileSink(device, { force: true }).open();
      strictEqual(output.deviceSize, DEVICE_BYTES);
      // In order with a small gap, far ahead, back before the last, and over the wiped head.
      for (
        const [position, length] of [[5000, 100], [5200, 50], [700_000, 99], [300_001, 7], [0, 3]]
      ) {
        const bytes = new Uint8Array(length).fill(position % 251 + 1);
        output.write(bytes, position);
        expected.set(bytes, position);
      }
      output.truncate(size);
      output.commit();
      ok(areEqual(Deno.readFileSync(device), expected));
    }),
);

toolTest(
  "fileSink() refuses a block device without force, one in use, and one too small",
  ["root", "losetup", "mount:ext4", "mke2fs"],
  () =>
    withDevice((device, file) => {
      strictEqual(thrownBy(() => fileSink(device).open()).code, "EXISTS");
      const output = fileSink(device, { force: true }).open();
      strictEqual(thrownBy(() => output.truncate(DEVICE_BYTES + 1)).code, "OUT_OF_SPACE");
      strictEqual(
        thrownBy(() => output.write(new Uint8Array(2), DEVICE_BYTES - 1)).code,
        "OUT_OF_SPACE",
      );
      output.abort();
      ok(areEqual(Deno.readFileSync(file), new Uint8Array(DEVICE_BYTES).fill(OLD)));

      mustRun("mke2fs", ["-q", "-F", device]);
      const directory = Deno.makeTempDirSync();
      mustRun("mount", [device, directory]);
      try {
        const error = thrownBy(() => fileSink(device, { force: true }).open());
        strictEqual(error.code, "EXISTS");
        match(error.message, /the device is mounted at/);
      } finally {
        unmount(directory);
        Deno.removeSync(directory);
      }
    }),
);

toolTest(
  "fileSink() takes the old superblock away before it overwrites a device",
  ["root", "losetup", "mount:ext4"],
  () =>
    withDevice((device) => {
      const output = fileSink(device, { force: true }).open();
      output.write(new Uint8Array(10).fill(1), 900_000);
      output.abort();
      ok(Deno.readFileSync(device).subarray(0, 131072).every((byte) => byte === 0));
    }),
);

toolTest(
  "fileSink() reads back from a block device, zeros where nothing was written",
  ["root", "losetup", "mount:ext4"],
  () =>
    withDevice((device) => {
      const output = fileSink(device, { force: true }).open();
      output.write(new Uint8Array(100).fill(7), 400_000);
      output.truncate(600_000);
      const into = new Uint8Array(300).fill(9);
      output.read!(into, 399_900);
      const expected = new Uint8Array(300);
      expected.fill(7, 100, 200);
      ok(areEqual(into, expected));
      output.truncate(400_050);
      output.truncate(600_000);
      output.read!(into, 399_900);
      expected.fill(0, 150);
      ok(areEqual(into, expected));
      output.abort();
    }),
);
