import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { ImageError } from "../../image_error.ts";
import { ArrivalReader } from "../../layer/blob_arrival.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { BlobCache } from "../cache/blob_cache.ts";
import { descriptorOf, filesBelow, someBytes, withCache } from "../cache/cache_fixture.ts";
import type { BlobReceiver } from "../registry/blob_receiver.ts";
import { type BlobLoader, BlobTransfer } from "./blob_transfer.ts";
import type { DownloadProgress } from "./download_progress.ts";
import { TransferQueue } from "./transfer_queue.ts";

const BYTES = someBytes(50_000);
const BLOB = descriptorOf(BYTES);
const SIGNAL = new AbortController().signal;

/** Sends `bytes` in pieces, as far as `end`, and verifies them. */
function loader(bytes: Uint8Array, end = bytes.length, log: string[] = []): BlobLoader {
  return async (descriptor: Descriptor, into: BlobReceiver) => {
    log.push(`from ${into.start}`);
    const hash = into.hashed ?? createHash("sha256");
    for (let at = into.start; at < end; at += 10_000) {
      const piece = bytes.subarray(at, Math.min(end, at + 10_000));
      hash.update(piece);
      await into.write(piece, at);
    }
    if (end < bytes.length) throw new ImageError("REGISTRY", "Cannot go on: the line is cut");
    const observed = `sha256:${hash.digest("hex")}`;
    if (observed === descriptor.digest) return;
    throw new ImageError("DIGEST_MISMATCH", `Cannot read blob: its digest is ${observed}`);
  };
}

function transferOf(cache: BlobCache, load: BlobLoader, events: DownloadProgress[] = []) {
  const onProgress = (event: DownloadProgress) => void events.push(event);
  const transfer = new BlobTransfer(BLOB, { cache, load, onProgress }, () => {});
  ok(transfer.location.kind === "file" && transfer.location.arriving !== undefined);
  const { path, arriving: { partialPath, counter } } = transfer.location;
  return { transfer, path, partialPath, arrival: new ArrivalReader(counter) };
}

Deno.test("BlobTransfer shows readers how much is there, and gives the blob its name", () =>
  withCache(async (cache, directory) => {
    const seen: number[] = [];
    const whole = loader(BYTES);
    const { transfer, path, partialPath, arrival } = transferOf(cache, async (blob, into) => {
      await whole(blob, {
        ...into,
        write(bytes, position) {
          into.write(bytes, position);
          strictEqual(Deno.statSync(partialPath).size, position + bytes.length);
          ok(arrival.has(position + bytes.length - 1023));
          ok(!arrival.has(position + bytes.length + 1));
          seen.push(position);
        },
      }, SIGNAL);
    });
    const complete = transfer.complete();
    strictEqual(await transfer.run(SIGNAL), null);
    await complete;
    deepStrictEqual(seen, [0, 10_000, 20_000, 30_000, 40_000]);
    ok(arrival.has(BYTES.length));
    deepStrictEqual(Deno.readFileSync(path), BYTES);
    strictEqual(filesBelow(directory).length, 1);
    transfer.reject();
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("BlobTransfer keeps what a broken download brought, and the next goes on there", () =>
  withCache(async (cache, directory) => {
    const log: string[] = [];
    const first = transferOf(cache, loader(BYTES, 20_000, log));
    const error = await first.transfer.run(SIGNAL);
    ok(error instanceof ImageError && error.code === "REGISTRY");
    await rejects(first.transfer.complete(), (thrown) => thrown === error);
    ok(first.arrival.isFailed);
    strictEqual(filesBelow(directory).length, 1);

    const events: DownloadProgress[] = [];
    const second = transferOf(cache, loader(BYTES, BYTES.length, log), events);
    strictEqual(await second.transfer.run(SIGNAL), null);
    deepStrictEqual(log, ["from 0", "from 20000"]);
    deepStrictEqual(Deno.readFileSync(second.path), BYTES);
    const { digest, size } = BLOB;
    const event = { kind: "download", digest, size };
    deepStrictEqual(events[0], { ...event, receivedBytes: 20_000, done: false });
    deepStrictEqual(events.at(-1), { ...event, receivedBytes: size, done: true });
  }));

Deno.test("BlobTransfer begins anew where what was kept is damaged", () =>
  withCache(async (cache) => {
    const partial = cache.claimPartial(BLOB, cache.partialPath(BLOB.digest));
    partial.write(someBytes(30_000, 7), 0);
    partial.release();
    const log: string[] = [];
    const { transfer, path, arrival } = transferOf(cache, async (blob, into, signal) => {
      // Nothing of a damaged beginning was shown to readers.
      ok(!arrival.has(1));
      await loader(BYTES, BYTES.length, log)(blob, into, signal);
    });
    strictEqual(await transfer.run(SIGNAL), null);
    deepStrictEqual(log, ["from 30000", "from 0"]);
    deepStrictEqual(Deno.readFileSync(path), BYTES);
  }));

Deno.test("BlobTransfer keeps nothing of wrong bytes", () =>
  withCache(async (cache, directory) => {
    const { transfer, arrival } = transferOf(cache, loader(someBytes(50_000, 3)));
    const error = await transfer.run(SIGNAL);
    ok(error instanceof ImageError && error.code === "DIGEST_MISMATCH");
    ok(arrival.isFailed);
    deepStrictEqual(filesBelow(directory), []);
  }));

Deno.test("BlobTransfer loads nothing that another process has brought meanwhile", () =>
  withCache(async (cache) => {
    const { transfer, arrival } = transferOf(cache, () => Promise.reject(new Error("loaded")));
    cache.store(BLOB.digest, BYTES);
    strictEqual(await transfer.run(SIGNAL), null);
    ok(arrival.has(BYTES.length));
  }));

Deno.test("TransferQueue runs the last that was added first, and so many at a time", async () => {
  const queue = new TransferQueue(2);
  const log: string[] = [];
  const ends = [0, 1, 2, 3].map(() => Promise.withResolvers<null>());
  ends.forEach((end, i) =>
    queue.add({
      run() {
        log.push(`run ${i}`);
        return end.promise;
      },
      fail: () => void log.push(`fail ${i}`),
    })
  );
  deepStrictEqual(log, []);
  queue.start();
  queue.start();
  deepStrictEqual(log, ["run 3", "run 2"]);
  ends[2].resolve(null);
  await new Promise((resolve) => setTimeout(resolve, 0));
  deepStrictEqual(log, ["run 3", "run 2", "run 1"]);
  const reason = new Error("closed");
  const closed = queue.close(reason);
  deepStrictEqual(log.at(-1), "fail 0");
  ends[1].resolve(null);
  ends[3].resolve(null);
  await closed;
  strictEqual(log.length, 4);
});

Deno.test("TransferQueue ends all with the first failure", async () => {
  const queue = new TransferQueue(2);
  const first = new Error("first");
  const reasons: unknown[] = [];
  const fail = (error: unknown) => void reasons.push(error);
  const waitForEnd = (signal: AbortSignal) =>
    new Promise<unknown>((resolve) =>
      signal.addEventListener("abort", () => {
        reasons.push(signal.reason);
        resolve(signal.reason);
      })
    );
  queue.add({ run: () => Promise.resolve("never run"), fail });
  queue.add({ run: waitForEnd, fail: () => {} });
  queue.add({ run: () => Promise.resolve(first), fail: () => {} });
  queue.start();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await queue.close(new Error("later"));
  deepStrictEqual(reasons, [first, first]);
  // What comes too late hears the same.
  queue.add({ run: () => Promise.resolve(null), fail });
  strictEqual(reasons.length, 3);
});
