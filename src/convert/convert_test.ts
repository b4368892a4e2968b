import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { ByteString } from "../bytes/byte_string.ts";
import type { ImageFormat } from "../format/image_format.ts";
import { ImageError } from "../image_error.ts";
import type { TarLayerJob } from "../layer/layer.ts";
import { convert, type ConvertProgress } from "./convert.ts";
import { imageOf, RecordingFormat, RecordingSink } from "./convert_fixture.ts";

const hello = { path: "hello", body: "hello" };

Deno.test("convert() places bytes of newer layers only, and commits", async () => {
  const format = new RecordingFormat();
  const sink = new RecordingSink();
  const report = await convert(
    imageOf(
      [{ path: "a", body: "old" }, { path: "b", body: "gone" }, { path: "c", body: "kept" }],
      [{ path: "a", body: "new" }, { path: ".wh.b" }],
    ),
    format,
    sink,
  );
  deepStrictEqual(format.files(), { a: "new", c: "kept" });
  deepStrictEqual(format.placed, ["new", "kept"]);
  deepStrictEqual(format.released, []);
  deepStrictEqual(sink.events, ["open", "commit"]);
  deepStrictEqual([report.counts.regular, report.counts.fileBytes], [2, 7]);
  deepStrictEqual(report.layers.map((layer) => layer.entries), [3, 2]);
});

Deno.test("convert() releases bytes that a later entry of the same layer replaced", async () => {
  const format = new RecordingFormat();
  await convert(
    imageOf([{ path: "a", body: "first" }, { path: "a", body: "second" }]),
    format,
    new RecordingSink(),
  );
  deepStrictEqual(format.files(), { a: "second" });
  deepStrictEqual(format.released, ["first"]);
});

Deno.test("convert() keeps a hidden file that a newer hard link names", async () => {
  const format = new RecordingFormat();
  await convert(
    imageOf(
      [{ path: "a", body: "one" }],
      [{ path: "link", type: "1", target: "a" }],
      [{ path: "a", body: "two" }],
    ),
    format,
    new RecordingSink(),
  );
  deepStrictEqual(format.files(), { a: "two", link: "one" });
  deepStrictEqual(format.placed, ["two", "one"]);
});

Deno.test("convert() reads a layer again for bytes that text comparison took for dead", async () => {
  const format = new RecordingFormat();
  await convert(
    imageOf(
      [
        { path: "dir", type: "5" },
        { path: "dir/f", body: "through a link" },
        { path: "dir/empty" },
        { path: "other", body: "not wanted twice" },
        { path: "s", type: "2", target: "dir" },
      ],
      // The link names dir/f by another text; the whiteout then hides dir/f for all older layers.
      [{ path: "link", type: "1", target: "s/f" }],
      [{ path: "dir/.wh.f" }],
    ),
    format,
    new RecordingSink(),
  );
  deepStrictEqual(format.files(), {
    "dir/empty": "",
    "link": "through a link",
    "other": "not wanted twice",
  });
  deepStrictEqual(format.placed, ["not wanted twice", "through a link"]);
});

Deno.test("convert() leaves nothing behind when a digest is wrong", async () => {
  const image = imageOf([hello], [{ path: "x", body: "x" }]);
  const [base] = image.layers;
  const broken = {
    ...base,
    job: { ...base.job as TarLayerJob, digest: `sha256:${"0".repeat(64)}` },
  };
  const sink = new RecordingSink();
  await rejects(
    convert({ ...image, layers: [broken, image.layers[1]] }, new RecordingFormat(), sink),
    (error) =>
      error instanceof ImageError && error.code === "DIGEST_MISMATCH" &&
      error.where.layer === "0 (test)",
  );
  deepStrictEqual(sink.events, ["open", "abort"]);
});

Deno.test("convert() names layer, path and offset of an entry that cannot be applied", async () => {
  const sink = new RecordingSink();
  await rejects(
    convert(
      imageOf([hello], [hello, { path: "link", type: "1", target: "nowhere" }]),
      new RecordingFormat(),
      sink,
    ),
    (error) => {
      strictEqual(error instanceof ImageError, true);
      deepStrictEqual((error as ImageError).where, {
        layer: "1 (test)",
        path: "link",
        offset: 1024,
      });
      return true;
    },
  );
  deepStrictEqual(sink.events, ["open", "abort"]);
});

Deno.test("convert() names the path of a file that the format cannot begin", async () => {
  const format = new RecordingFormat();
  const refusing: ImageFormat<ByteString> = {
    name: "refusing",
    streams: true,
    createWriter: (sink, context) => ({
      ...format.createWriter(sink, context),
      beginFile() {
        throw new ImageError("LIMIT_EXCEEDED", "Cannot write file: it is too large");
      },
    }),
  };
  await rejects(convert(imageOf([hello]), refusing, new RecordingSink()), (error) => {
    strictEqual(error instanceof ImageError && error.where.path, hello.path);
    return true;
  });
});

Deno.test("convert() rejects with the signal's reason and leaves nothing behind", async () => {
  const reason = new Error("enough");
  const controller = new AbortController();
  const sink = new RecordingSink();
  await rejects(
    convert(imageOf([hello], [hello]), new RecordingFormat(), sink, {
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    }),
    (error) => error === reason,
  );
  deepStrictEqual(sink.events, ["open", "abort"]);
});

Deno.test("convert() reports every layer as done, then the finish", async () => {
  const events: ConvertProgress[] = [];
  await convert(imageOf([hello], [hello]), new RecordingFormat(), new RecordingSink(), {
    onProgress: (event) => events.push(event),
  });
  const done = events.flatMap((event) =>
    event.kind === "layer" && event.done ? [event.layer.index] : []
  );
  deepStrictEqual(done.sort(), [0, 1]);
  strictEqual(events.at(-1)!.kind, "finish");
});

Deno.test("convert() takes times from the option, then the image, then 0", async () => {
  for (const [createdSeconds, expected] of [[undefined, 0], [77, 77]] as const) {
    const format = new RecordingFormat();
    await convert(imageOf([]), format, new RecordingSink(), { createdSeconds });
    strictEqual(format.tree!.root.mtimeSeconds, expected);
  }
});

Deno.test("convert() refuses a pipe for a format that needs a file", async () => {
  const sink = { ...new RecordingSink(), name: "pipe", seekable: false, open: () => null! };
  const format = Object.assign(new RecordingFormat(), { streams: false });
  await rejects(convert(imageOf(), format as ImageFormat<ByteString>, sink), TypeError);
});
