import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { ImageError } from "../../image_error.ts";
import { FileKind } from "../../tree/inode.ts";
import type { GivenFile, Layer } from "../layer.ts";
import type { LayerVisitor } from "../layer_entry.ts";
import { openLayer, readLayer } from "../read_layer.ts";

function layerOf(...files: GivenFile[]): Layer {
  const job = { kind: "files", files, declaredCompression: null, digest: null, diffId: null };
  return { index: 0, name: "0 (files)", size: 0, job: { ...job, kind: "files" } };
}

/** Writes down what comes. */
class Recorder implements LayerVisitor {
  readonly seen: string[] = [];
  readonly #wanted: (path: string) => boolean;

  constructor(wanted: (path: string) => boolean = () => true) {
    this.#wanted = wanted;
  }

  entry({ path, inode }: Parameters<LayerVisitor["entry"]>[0]): boolean {
    const { kind, permissions, size, mtimeSeconds } = inode!;
    const what = kind === FileKind.directory ? "directory" : `${size} bytes`;
    this.seen.push(`${path} ${what} ${permissions.toString(8)} ${mtimeSeconds}`);
    return this.#wanted(path);
  }
  write = (bytes: Uint8Array) => void this.seen.push(`write ${bytes.length}`);
  skip = (byteCount: number) => void this.seen.push(`skip ${byteCount}`);
  end = () => void this.seen.push("end");
}

async function withFile(size: number, use: (path: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "files_reading_" });
  try {
    const path = `${directory}/file`;
    Deno.writeFileSync(path, new Uint8Array(size).fill(7), { mode: 0o640 });
    Deno.utimeSync(path, 5, 5);
    await use(path);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

const bytes = (path: string, size: number): GivenFile => ({
  kind: "bytes",
  path,
  bytes: new Uint8Array(size),
  permissions: 0o600,
  mtimeSeconds: 3,
});

Deno.test("readLayer() reads files that are at hand, files of the machine and directories", () =>
  withFile(300_000, async (hostPath) => {
    const recorder = new Recorder();
    const layer = layerOf(
      { kind: "directory", path: "d", mtimeSeconds: 4 },
      bytes("d/a", 9),
      bytes("d/empty", 0),
      { kind: "host", path: "d/host", hostPath },
    );
    const summary = await readLayer(layer, recorder);
    deepStrictEqual(recorder.seen, [
      "d directory 755 4",
      "d/a 9 bytes 600 3",
      "write 9",
      "end",
      "d/empty 0 bytes 600 3",
      "d/host 300000 bytes 640 5",
      "write 262144",
      "write 37856",
      "end",
    ]);
    deepStrictEqual([summary.entryCount, summary.uncompressedSize], [4, 300_009]);
    strictEqual((await readLayer(layer, new Recorder())).contentDigest, summary.contentDigest);
  }));

Deno.test("readLayer() passes over files that nobody wants", () =>
  withFile(10, async (hostPath) => {
    const recorder = new Recorder(() => false);
    await readLayer(layerOf(bytes("a", 9), { kind: "host", path: "b", hostPath }), recorder);
    deepStrictEqual(recorder.seen, ["a 9 bytes 600 3", "b 10 bytes 640 5"]);
  }));

Deno.test("openLayer() stops between files of a list, and reads on", async () => {
  const recorder = new Recorder();
  const reading = openLayer(layerOf(bytes("a", 1), bytes("b", 1)), recorder);
  strictEqual(await reading.advance(1), false);
  deepStrictEqual(recorder.seen.length, 3);
  strictEqual(reading.summary, null);
  strictEqual(await reading.advance(Infinity), true);
  deepStrictEqual(recorder.seen.length, 6);
  reading.close();
});

Deno.test("readLayer() names layer and path of a file of the machine that cannot be read", async () => {
  for (const [hostPath, code] of [["/nowhere", "NOT_FOUND"], ["/dev/null", "UNSUPPORTED"]]) {
    await rejects(
      readLayer(layerOf({ kind: "host", path: "x", hostPath }), new Recorder()),
      (error) =>
        error instanceof ImageError && error.code === code && error.where.path === "x" &&
        error.where.layer === "0 (files)",
      hostPath,
    );
  }
});

Deno.test("readLayer() notices that a file was changed while it was read", () =>
  withFile(1_000_000, async (hostPath) => {
    const recorder = new Recorder();
    recorder.write = () => void Deno.truncateSync(hostPath, 10);
    await rejects(
      readLayer(layerOf({ kind: "host", path: "x", hostPath }), recorder),
      (error) => error instanceof ImageError && error.code === "IO",
    );
  }));
