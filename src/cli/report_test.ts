import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ConvertReport } from "../convert/convert.ts";
import { jsonReport, summaryText } from "./report.ts";

const REPORT: ConvertReport = {
  reference: "image.tar",
  digest: "sha256:00",
  platform: { os: "linux", architecture: "arm", variant: "v7" },
  image: {
    format: "ext4",
    imageSize: 1536 * 1024,
    writtenBytes: 4096,
    details: { uuid: "u" },
  },
  counts: {
    regular: 1,
    directory: 2,
    symlink: 3,
    characterDevice: 4,
    blockDevice: 5,
    fifo: 6,
    socket: 7,
    hardLinks: 8,
    fileBytes: 1000,
  },
  layers: [{
    index: 0,
    digest: null,
    diffId: null,
    size: 1,
    uncompressedSize: 2,
    entries: 3,
  }],
  notices: [{ code: "LOSS", message: "Left out" }],
  timings: { readSeconds: 1, finishSeconds: 0.5, totalSeconds: 1.5 },
};

Deno.test("summaryText() says what was made in one line", () => {
  strictEqual(
    summaryText(REPORT, "out.ext4"),
    "out.ext4: ext4, 1.5 MiB (4.0 KiB written), 28 files from 1 layer, linux/arm/v7, 1.5 s\n",
  );
  strictEqual(summaryText({ ...REPORT, platform: null }, null).startsWith("dry run: ext4, "), true);
});

Deno.test("summaryText() says what is around the image, and the root hash in a line of its own", () => {
  const details = { containers: "verity+gpt", verityRootHash: "0123", veritySalt: "45" };
  const image = { ...REPORT.image, details };
  const [first, second, ...rest] = summaryText({ ...REPORT, image }, "out.img").split("\n");
  strictEqual(first.startsWith("out.img: ext4+verity+gpt, 1.5 MiB"), true);
  deepStrictEqual([second, ...rest], ["out.img: root hash 0123, salt 45", ""]);
  const unsalted = { ...image, details: { ...details, veritySalt: "" } };
  strictEqual(summaryText({ ...REPORT, image: unsalted }, "o").endsWith("salt none\n"), true);
});

Deno.test("jsonReport() is JSON with every fact of the report", () => {
  const document = JSON.parse(jsonReport(REPORT, null));
  strictEqual(document.output, null);
  strictEqual(document.platform, "linux/arm/v7");
  const parts = [{ role: "root", uuid: new Uint8Array(16) }];
  const wrapped = { ...REPORT, image: { ...REPORT.image, parts } };
  strictEqual(jsonReport(wrapped, null), jsonReport(REPORT, null));
  const { output: _output, ...rest } = document;
  deepStrictEqual(rest, { ...REPORT, platform: "linux/arm/v7" });
});
