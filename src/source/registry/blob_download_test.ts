import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { ImageError } from "../../image_error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { BlobDownload } from "./blob_download.ts";
import type { HttpResponse } from "./http_message.ts";
import { RegistryError } from "./registry_error.ts";
import { Retry } from "./retry.ts";
import { DEFAULT_TIMING } from "./timing.ts";

const TIMING = { ...DEFAULT_TIMING, retryDelayMilliseconds: 0, retryLimit: 3 };
const WHOLE = Uint8Array.from({ length: 1000 }, (_, i) => i * 7 % 251);

function descriptor(digest = digestOf(WHOLE), size = WHOLE.length): Descriptor {
  return {
    ...{ mediaType: "", urls: [], annotations: {}, data: null, platform: null, artifactType: "" },
    digest,
    size,
  };
}

/** One answer of a hostile server: any status, any range, any bytes, and how it ends. */
interface Answer {
  readonly status: number;
  readonly range: string | null;
  readonly length: string | null;
  readonly body: Uint8Array;
  readonly pieceSize: number;
  readonly breaks: boolean;
}

function response(answer: Answer): HttpResponse {
  const headers = new Headers();
  if (answer.range !== null) headers.set("content-range", answer.range);
  if (answer.length !== null) headers.set("content-length", answer.length);
  let at = 0;
  return {
    url: new URL("http://h.test/"),
    status: answer.status,
    headers,
    read() {
      if (at < answer.body.length) {
        return Promise.resolve(answer.body.subarray(at, at += answer.pieceSize));
      }
      if (!answer.breaks) return Promise.resolve(null);
      return Promise.reject(new RegistryError("broken", { isTemporary: true }));
    },
    cancel() {},
  };
}

async function download(answers: readonly Answer[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const it = new BlobDownload(descriptor(), {
    start: 0,
    write(bytes, position) {
      strictEqual(position, size, "bytes come in order");
      pieces.push(bytes.slice());
      size += bytes.length;
    },
  });
  const left = [...answers];
  const request = () => {
    const next = left.shift();
    if (next === undefined) throw new RegistryError("no more");
    return Promise.resolve(response(next));
  };
  await it.run(request, new Retry(TIMING), () => {});
  it.finish();
  return Buffer.concat(pieces);
}

Deno.test("a download gives the right bytes or an error, whatever a server answers", async () => {
  const place = fc.integer({ min: 0, max: WHOLE.length });
  const range = fc.oneof(
    fc.constant(null),
    fc.tuple(place, place).map(([a, b]) => `bytes ${a}-${b}/${WHOLE.length}`),
    fc.constantFrom("bytes */1000", "nonsense"),
  );
  const body = fc.oneof(
    place.map((from) => WHOLE.subarray(from)),
    place.map((to) => WHOLE.subarray(0, to)),
    fc.uint8Array({ maxLength: 1200 }),
  );
  const answer = fc.record({
    status: fc.constantFrom(200, 200, 200, 206, 206, 416, 204),
    range,
    length: fc.constantFrom(null, null, "1000", "999", "x"),
    body,
    pieceSize: fc.integer({ min: 1, max: 400 }),
    breaks: fc.boolean(),
  });
  let successes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(answer, { maxLength: 4 }), async (answers) => {
      try {
        deepStrictEqual(Buffer.compare(await download(answers), WHOLE), 0);
        successes++;
      } catch (error) {
        strictEqual(error instanceof ImageError, true, String(error));
      }
    }),
    { numRuns: 500, seed: 7 },
  );
  strictEqual(successes > 0, true, "no run was good: the test proves nothing");
});

Deno.test("a download of nothing needs no server", async () => {
  const empty = new Uint8Array();
  const it = new BlobDownload(descriptor(digestOf(empty), 0), { start: 0, write: () => {} });
  await it.run(() => Promise.reject(new Error("asked")), new Retry(TIMING), () => {});
  it.finish();
});

Deno.test("a download hashes with the algorithm of the digest", async () => {
  const digest = digestOf(WHOLE, "sha512");
  const whole = { status: 200, range: null, length: null, pieceSize: 100, breaks: false };
  const run = async (body: Uint8Array) => {
    const it = new BlobDownload(descriptor(digest), { start: 0, write: () => {} });
    const answer = { ...whole, body };
    await it.run(() => Promise.resolve(response(answer)), new Retry(TIMING), () => {});
    it.finish();
  };
  await run(WHOLE);
  await rejects(run(WHOLE.map((byte, i) => i === 500 ? byte ^ 1 : byte)), /its digest is sha512:/);
});

Deno.test("a download does not begin where it cannot", () => {
  const write = () => {};
  throws(() => new BlobDownload(descriptor(), { start: 1, write }), TypeError);
  throws(() => new BlobDownload(descriptor(), { start: 1001, write }), ImageError);
  throws(() => new BlobDownload(descriptor("sha256:../../x"), { start: 0, write }), ImageError);
  throws(() => new BlobDownload(descriptor("md5:00"), { start: 0, write }), ImageError);
});
