import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ImageError } from "../../src/image_error.ts";
import type { Repository } from "../../src/oci/registry_reference.ts";
import type { RegistryClient } from "../../src/source/registry/client.ts";
import { RegistryError } from "../../src/source/registry/registry_error.ts";
import { toolTest } from "../tools.ts";
import {
  answerStatus,
  claimRange,
  corrupt,
  dropAfter,
  type Fault,
  FaultProxy,
  ignoreRange,
  lengthen,
  neverAnswer,
  redirectTo,
  shiftRange,
  stallAfter,
  trickle,
  truncate,
  truncateUnannounced,
  unchanged,
} from "./fault_proxy.ts";
import { PASSWORD, REGISTRY_TOOLS, startRegistry, USER } from "./registry_server.ts";
import { descriptorOf, KeptBytes, pushBlob, scrambledBytes, testClient } from "./test_client.ts";

const PATH = "test/faults";
const BLOB = scrambledBytes(3 * 1024 * 1024 + 17);
const DESCRIPTOR = descriptorOf(BLOB);
const BLOBS = /\/blobs\//;
const LIMIT = 5;

/** A registry with one blob, a proxy before it, and a client of the proxy. */
interface Bench {
  readonly proxy: FaultProxy;
  readonly client: RegistryClient;
  readonly repository: Repository;
}

async function withBench(run: (bench: Bench) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "registry_data_" });
  try {
    await using server = await startRegistry({ data });
    await pushBlob(server.host, PATH, BLOB);
    await using proxy = new FaultProxy(server.host);
    const client = testClient({
      timing: { stallTimeoutMilliseconds: 150, headersTimeoutMilliseconds: 500, retryLimit: LIMIT },
    });
    try {
      await run({ proxy, client, repository: { registry: proxy.host, path: PATH } });
    } finally {
      client.close();
    }
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

/** Faults after which the right bytes arrive. */
const HEALED: readonly (readonly [string, readonly Fault[]])[] = [
  ["nothing broken", []],
  ["a connection that drops at once", [dropAfter(0)]],
  ["a connection that drops after one byte", [dropAfter(1)]],
  ["a connection that drops in the middle", [dropAfter(1_500_000)]],
  ["a connection that drops before the last byte", [dropAfter(BLOB.length - 1)]],
  ["five drops in a row", [0, 1, 1000, 50_000, 10].map(dropAfter)],
  ["a body that ends early with its own length", [truncate(1000)]],
  ["a body that ends early without a length", [truncateUnannounced(70_000)]],
  ["a part that ends early", [dropAfter(100), truncateUnannounced(100)]],
  ["a stalled body", [stallAfter(100_000)]],
  ["a body that stalls at once", [stallAfter(0)]],
  ["a trickle", [trickle(20)]],
  ["no answer", [neverAnswer()]],
  ["errors of the server", [500, 502, 503, 504, 408].map((status) => answerStatus(status))],
  ["a limit of requests", [answerStatus(429, { "retry-after": "0" })]],
  ["a limit without a time", [answerStatus(429)]],
  ["a partial answer to a whole request", [claimRange(`bytes 0-9/${BLOB.length}`)]],
  ["another range than the one asked for", [dropAfter(1000), claimRange("bytes 0-99/100")]],
  ["a range that begins earlier", [dropAfter(1_000_000), shiftRange(-1)]],
  ["a range that begins later", [dropAfter(1_000_000), shiftRange(1)]],
  ["no range in a partial answer", [dropAfter(1000), claimRange(null)]],
  ["a range that makes no sense", [dropAfter(1000), claimRange("bytes 9-1/x")]],
  ["the whole instead of a part", [dropAfter(200_000), ignoreRange(BLOB)]],
  ["416 for a range", [dropAfter(1000), answerStatus(416, { "content-range": "bytes */1" })]],
  [
    "the whole after wrong ranges, and a drop before the known part is over",
    [dropAfter(500_000), claimRange("bytes 1-2/3"), dropAfter(1000)],
  ],
];

toolTest("blob() gives the right bytes whatever breaks on the way", REGISTRY_TOOLS, async (t) => {
  await withBench(async ({ proxy, client, repository }) => {
    for (const [name, faults] of HEALED) {
      await t.step(name, async () => {
        proxy.breakNext(BLOBS, ...faults);
        const kept = new KeptBytes();
        await client.blob(repository, DESCRIPTOR, kept);
        strictEqual(Buffer.compare(kept.bytes, BLOB), 0);
        strictEqual(proxy.faultsLeft, 0, "a fault was not met");
      });
    }
  });
});

/** Faults that end in an error, with its code. */
const FATAL: readonly (readonly [string, readonly Fault[], string])[] = [
  ["a corrupted byte", [corrupt(1_000_000)], "DIGEST_MISMATCH"],
  ["a corrupted last byte", [corrupt(BLOB.length - 1)], "DIGEST_MISMATCH"],
  ["a corrupted part", [dropAfter(1000), corrupt(5)], "DIGEST_MISMATCH"],
  ["a longer body", [lengthen(1)], "DIGEST_MISMATCH"],
  ["refused access", [answerStatus(403)], "REGISTRY"],
  ["a missing blob", [answerStatus(404)], "NOT_FOUND"],
  ["a wait that is too long", [answerStatus(429, { "retry-after": "86400" })], "REGISTRY"],
  ["a redirect to nowhere", [redirectTo("")], "REGISTRY"],
  ["a redirect to a file", [redirectTo("file:///etc/passwd")], "REGISTRY"],
  ["a redirect with a password", [redirectTo("http://a:b@127.0.0.1/")], "REGISTRY"],
];

toolTest("blob() fails clearly where nothing can be done", REGISTRY_TOOLS, async (t) => {
  await withBench(async ({ proxy, client, repository }) => {
    for (const [name, faults, code] of FATAL) {
      await t.step(name, async () => {
        proxy.breakNext(BLOBS, ...faults);
        const kept = new KeptBytes();
        await rejects(
          client.blob(repository, DESCRIPTOR, kept),
          (error) => error instanceof ImageError && error.code === code,
        );
        strictEqual(proxy.faultsLeft, 0, "a fault was not met");
        ok(kept.size <= BLOB.length);
      });
    }
    await t.step("a fault that stays ends after the retries", async () => {
      proxy.breakAlways(BLOBS, answerStatus(503));
      await rejects(
        client.blob(repository, DESCRIPTOR, new KeptBytes()),
        (error) =>
          error instanceof RegistryError && error.status === 503 &&
          error.details[0].code === "FAULT" && error.message.includes("FAULT: of the tests"),
      );
      strictEqual(proxy.seen.filter(({ path }) => BLOBS.test(path)).length, LIMIT + 1);
    });
    await t.step("a registry that redirects in a circle is left", async () => {
      proxy.breakAlways(/\/blobs\//, redirectTo(`/v2/${PATH}/blobs/${DESCRIPTOR.digest}`));
      await rejects(
        client.blob(repository, DESCRIPTOR, new KeptBytes()),
        /redirects more than 5 times/,
      );
    });
    await t.step("a registry that never advances is left", async () => {
      proxy.breakAlways(BLOBS, truncateUnannounced(100));
      await rejects(
        client.blob(repository, DESCRIPTOR, new KeptBytes()),
        (error) => error instanceof ImageError && error.code === "DIGEST_MISMATCH",
      );
    });
  });
});

toolTest("blob() resumes where it broke off, and where it is told", REGISTRY_TOOLS, async () => {
  await withBench(async ({ proxy, client, repository }) => {
    proxy.breakNext(BLOBS, dropAfter(2_000_000));
    await client.blob(repository, DESCRIPTOR, new KeptBytes());
    const ranges = proxy.seen.filter(({ path }) => BLOBS.test(path)).map(({ range }) => range);
    strictEqual(ranges.length, 2);
    strictEqual(ranges[0], null);
    ok(/^bytes=[1-9][0-9]*-$/.test(ranges[1] ?? ""), `range is ${ranges[1]}`);

    proxy.breakNext(BLOBS);
    const start = 1_234_567;
    const hashed = createHash("sha256").update(BLOB.subarray(0, start));
    const pieces: Uint8Array[] = [];
    await client.blob(repository, DESCRIPTOR, {
      start,
      hashed,
      write: (bytes) => void pieces.push(bytes.slice()),
    });
    strictEqual(Buffer.compare(Buffer.concat(pieces), BLOB.subarray(start)), 0);
    deepStrictEqual(proxy.seen.map(({ range }) => range), [`bytes=${start}-`]);

    // What was kept is another thing: that must come out.
    const wrong = createHash("sha256").update(BLOB.subarray(1, start + 1));
    await rejects(
      client.blob(repository, DESCRIPTOR, { start, hashed: wrong, write: () => {} }),
      (error) => error instanceof ImageError && error.code === "DIGEST_MISMATCH",
    );
  });
});

toolTest("blob() drops the authorization at another origin", REGISTRY_TOOLS, async () => {
  const data = await Deno.makeTempDir({ prefix: "registry_data_" });
  try {
    await using open = await startRegistry({ data });
    await pushBlob(open.host, PATH, BLOB);
    // The other server is the place that objects are stored in.
    await using storage = new FaultProxy(open.host);
    const guard = { kind: "htpasswd" } as const;
    await using guarded = await startRegistry({ data, guard });
    await using proxy = new FaultProxy(guarded.host);
    const client = testClient({ login: { username: USER, password: PASSWORD } });
    const signed = `http://${storage.host}/v2/${PATH}/blobs/${DESCRIPTOR.digest}?signature=1`;
    const redirect: Fault = (answer) =>
      answer.status === 200 || answer.status === 206
        ? redirectTo(signed)(answer, new Request(signed))
        : unchanged(answer);
    proxy.breakAlways(BLOBS, redirect);
    // The first signed address has run out, the second breaks off.
    storage.breakNext(BLOBS, answerStatus(403), dropAfter(100_000));
    const kept = new KeptBytes();
    await client.blob({ registry: proxy.host, path: PATH }, DESCRIPTOR, kept);
    client.close();
    strictEqual(Buffer.compare(kept.bytes, BLOB), 0);
    strictEqual(storage.seen.length, 3);
    deepStrictEqual(storage.seen.map(({ authorization }) => authorization), [null, null, null]);
    ok(/^bytes=[1-9]/.test(storage.seen[2].range ?? ""), "the third request resumes");
    const asked = proxy.seen.filter(({ path }) => BLOBS.test(path));
    ok(asked.filter(({ authorization }) => authorization?.startsWith("Basic ")).length >= 3);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
});

toolTest("a cancelled download ends with the reason of its signal", REGISTRY_TOOLS, async () => {
  await withBench(async ({ proxy, client, repository }) => {
    const reason = new Error("enough");
    for (const fault of [stallAfter(1000), neverAnswer(), answerStatus(503)]) {
      proxy.breakAlways(BLOBS, fault);
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      await rejects(
        client.blob(repository, DESCRIPTOR, new KeptBytes(), controller.signal),
        (error) => error === reason || (error instanceof RegistryError && error.status === 503),
      );
    }
    await rejects(
      client.blob(repository, DESCRIPTOR, new KeptBytes(), AbortSignal.abort(reason)),
      (error) => error === reason,
    );
    const controller = new AbortController();
    proxy.breakNext(BLOBS);
    const write = () => controller.abort(reason);
    await rejects(
      client.blob(repository, DESCRIPTOR, { start: 0, write }, controller.signal),
      (error) => error === reason,
    );
  });
});

toolTest("an error of the receiver comes out as it is", REGISTRY_TOOLS, async () => {
  await withBench(async ({ client, repository }) => {
    const full = new ImageError("OUT_OF_SPACE", "Cannot write: it is full, expected room");
    const write = () => Promise.reject(full);
    await rejects(
      client.blob(repository, DESCRIPTOR, { start: 0, write }),
      (error) => error === full,
    );
  });
});
