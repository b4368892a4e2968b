import { deepStrictEqual, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { ImageError, type ImageErrorCode } from "../../src/image_error.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../../src/oci/media_type.ts";
import type { RegistryClient } from "../../src/source/registry/client.ts";
import type { RegistryOptions } from "../../src/source/registry/options.ts";
import { toolTest } from "../tools.ts";
import {
  answerStatus,
  corrupt,
  dropAfter,
  FaultProxy,
  neverAnswer,
  redirectTo,
  trickle,
} from "./fault_proxy.ts";
import {
  fillRegistry,
  REGISTRY_TOOLS,
  startRegistry,
  TINY_PATH,
  TINY_TAG,
} from "./registry_server.ts";
import {
  descriptorOf,
  fixedEnvironment,
  KeptBytes,
  pushBlob,
  scrambledBytes,
  testClient,
} from "./test_client.ts";

const TINY_INDEX = "sha256:4b9fdde921dabbd15c124e4434eb0cc03f420e989afc24317782a9b0a15450bc";

/** A registry with the tiny image, and a proxy before it. */
async function withRegistry(
  run: (host: string, proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "registry_data_" });
  try {
    await using server = await startRegistry({ data });
    fillRegistry(server);
    await using proxy = new FaultProxy(server.host);
    await run(server.host, proxy);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function withClient<T>(
  options: RegistryOptions,
  run: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const client = testClient(options);
  try {
    return await run(client);
  } finally {
    client.close();
  }
}

/** A server of the tests whose answers are made by hand. */
async function withServer(
  answer: (request: Request, url: URL) => Response,
  run: (host: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => answer(request, new URL(request.url)),
  );
  await run(`127.0.0.1:${server.addr.port}`);
}

function hasCode(code: ImageErrorCode, words = /./): (error: unknown) => boolean {
  return (error) => error instanceof ImageError && error.code === code && words.test(error.message);
}

toolTest("manifest() reads by tag and digest", REGISTRY_TOOLS, async (t) => {
  await withRegistry(async (host, proxy) => {
    const repository = { registry: proxy.host, path: TINY_PATH };
    const read = (reference: string) =>
      withClient(
        { timing: { retryLimit: 2, headersTimeoutMilliseconds: 300 } },
        (client) => client.manifest(repository, reference),
      );
    await t.step("a tag", async () => {
      const { bytes, digest, mediaType } = await read(TINY_TAG);
      strictEqual(digest, TINY_INDEX);
      strictEqual(digestOf(bytes), TINY_INDEX);
      strictEqual(mediaType, OCI_INDEX);
    });
    await t.step("a digest", async () => {
      strictEqual((await read(TINY_INDEX)).digest, TINY_INDEX);
    });
    await t.step("a manifest of the index", async () => {
      const index = JSON.parse(new TextDecoder().decode((await read(TINY_INDEX)).bytes));
      strictEqual((await read(index.manifests[1].digest)).mediaType, OCI_MANIFEST);
    });
    await t.step("not what is not there", async () => {
      await rejects(read("nope"), hasCode("NOT_FOUND", /MANIFEST_UNKNOWN/));
      await rejects(read(`sha256:${"0".repeat(64)}`), hasCode("NOT_FOUND"));
    });
    await t.step("not by what is no reference", async () => {
      for (const reference of ["", "a/b", "..", "a?b", "sha256:00", "-a"]) {
        await rejects(read(reference), hasCode("CORRUPT"), reference);
      }
    });
    const faults = { dropAfter: dropAfter(100), "500": answerStatus(500), never: neverAnswer() };
    for (const [name, fault] of Object.entries({ ...faults, corrupt: corrupt(9) })) {
      await t.step(`again after ${name}`, async () => {
        proxy.breakNext(/\/manifests\//, fault);
        strictEqual((await read(TINY_TAG)).digest, TINY_INDEX);
        strictEqual(proxy.faultsLeft, 0);
      });
    }
    await t.step("not with wrong bytes, however often", async () => {
      proxy.breakAlways(/\/manifests\//, corrupt(9));
      await rejects(read(TINY_INDEX), hasCode("DIGEST_MISMATCH"));
      await rejects(read(TINY_TAG), hasCode("DIGEST_MISMATCH"));
    });
    await t.step("not longer than a document may take", async () => {
      proxy.breakAlways(/\/manifests\//, trickle(5));
      const timing = { documentTimeoutMilliseconds: 100, retryLimit: 0 };
      await withClient(
        { timing },
        (client) => rejects(client.manifest(repository, TINY_TAG), hasCode("REGISTRY", /in 0.1 s/)),
      );
    });
    await t.step("through a redirect", async () => {
      proxy.breakNext(/\/manifests\//, redirectTo(`http://${host}/v2/${TINY_PATH}/manifests/1.0`));
      strictEqual((await read(TINY_TAG)).digest, TINY_INDEX);
    });
  });
});

Deno.test("manifest() refuses documents that are none of ours", async (t) => {
  const cases: Record<string, [string, string, ImageErrorCode]> = {
    "schema 1 by its type": [
      "application/vnd.docker.distribution.manifest.v1+prettyjws",
      '{"schemaVersion":1,"name":"a","fsLayers":[]}',
      "UNSUPPORTED",
    ],
    "schema 1 by its content": ["application/json", '{"schemaVersion":1}', "UNSUPPORTED"],
    "two types": [OCI_MANIFEST, `{"schemaVersion":2,"mediaType":"${OCI_INDEX}"}`, "CORRUPT"],
    "no JSON": ["text/html", "<html>", "CORRUPT"],
    "too long": [OCI_MANIFEST, " ".repeat(4 * 1024 * 1024 + 1), "LIMIT_EXCEEDED"],
  };
  for (const [name, [type, body, code]] of Object.entries(cases)) {
    await t.step(name, () =>
      withServer(
        () => new Response(body, { headers: { "content-type": type } }),
        (registry) =>
          withClient({}, (client) =>
            rejects(client.manifest({ registry, path: "a" }, "1"), hasCode(code))),
      ));
  }
  const typed: Record<string, [string | null, string, string]> = {
    "by the body alone": [null, `{"schemaVersion":2,"mediaType":"${OCI_INDEX}"}`, OCI_INDEX],
    "by its head alone": [`${OCI_MANIFEST}; charset=utf-8`, '{"schemaVersion":2}', OCI_MANIFEST],
    "by what is in it": ["text/plain", '{"schemaVersion":2,"manifests":[]}', OCI_INDEX],
  };
  for (const [name, [type, body, expected]] of Object.entries(typed)) {
    await t.step(name, () =>
      withServer(
        () => {
          const response = new Response(new TextEncoder().encode(body));
          if (type !== null) response.headers.set("content-type", type);
          return response;
        },
        (registry) =>
          withClient({}, async (client) => {
            strictEqual((await client.manifest({ registry, path: "a" }, "1")).mediaType, expected);
          }),
      ));
  }
});

toolTest("mirrors are asked in their order, the registry last", REGISTRY_TOOLS, async (t) => {
  await withRegistry(async (host, first) => {
    await using second = new FaultProxy(host);
    await using own = new FaultProxy(host);
    const repository = { registry: own.host, path: TINY_PATH };
    const mirrors = { [own.host]: [`http://${first.host}`, second.host] };
    const index = (client: RegistryClient) => client.manifest(repository, TINY_TAG);
    const counts = () =>
      [first, second, own].map(({ seen }) => seen.filter(({ path }) => path !== "/v2/").length);
    const step = (name: string, run: () => Promise<void>) =>
      t.step(name, async () => {
        for (const proxy of [first, second, own]) proxy.breakNext(/^$/);
        await run();
      });
    await step("the first has it", () =>
      withClient({ mirrors }, async (client) => {
        await index(client);
        deepStrictEqual(counts(), [1, 0, 0]);
      }));
    await step(
      "a missing manifest is looked for at the next",
      () =>
        withClient({ mirrors }, async (client) => {
          first.breakAlways(/manifests/, answerStatus(404));
          await index(client);
          deepStrictEqual(counts(), [1, 1, 0]);
        }),
    );
    await step(
      "a failing mirror is tried once more, then the next",
      () =>
        withClient({ mirrors }, async (client) => {
          first.breakAlways(/manifests/, answerStatus(500));
          second.breakAlways(/manifests/, answerStatus(403));
          await index(client);
          deepStrictEqual(counts(), [2, 1, 1]);
        }),
    );
    await step("the registry's own error comes out, and each step is logged", async () => {
      const records: LogRecord[] = [];
      await configure({
        reset: true,
        sinks: { records: (record) => void records.push(record) },
        loggers: [
          { category: "oci2rootfs", lowestLevel: "debug", sinks: ["records"] },
          { category: ["logtape", "meta"], lowestLevel: "error", sinks: [] },
        ],
      });
      await withClient(
        { mirrors, login: { username: "u", password: "secret" } },
        async (client) => {
          await rejects(client.manifest(repository, "nope"), hasCode("NOT_FOUND"));
        },
      );
      await reset();
      const passed = records.filter(({ level }) => level === "info");
      deepStrictEqual(passed.map(({ properties }) => properties.place), [
        `${first.host}/${TINY_PATH}`,
        `${second.host}/${TINY_PATH}`,
      ]);
      ok(!JSON.stringify(records).includes("secret"));
    });
    await step(
      "a mirror with wrong bytes is not asked again",
      () =>
        withClient({ mirrors }, async (client) => {
          first.breakAlways(/manifests/, corrupt(5));
          strictEqual((await index(client)).digest, TINY_INDEX);
          deepStrictEqual(counts(), [2, 1, 0]);
          await index(client);
          deepStrictEqual(counts(), [2, 2, 0]);
        }),
    );
    await step("a mirror that is not there is not asked again", async () => {
      const gone = "127.0.0.1:9";
      await withClient({ mirrors: { [own.host]: [gone] } }, async (client) => {
        await index(client);
        await index(client);
        deepStrictEqual(counts(), [0, 0, 2]);
      });
    });
    await step("a download goes on at the next mirror where the first broke", async () => {
      const blob = scrambledBytes(2_000_000);
      await pushBlob(host, TINY_PATH, blob);
      first.breakAlways(/blobs/, dropAfter(500_000));
      second.breakAlways(/blobs/, answerStatus(404));
      const kept = new KeptBytes();
      await withClient({ mirrors }, (client) => client.blob(repository, descriptorOf(blob), kept));
      deepStrictEqual(kept.bytes, blob);
      ok(/^bytes=[1-9]/.test(own.seen.at(-1)?.range ?? ""), "the registry gives the rest");
    });
    await step("registries.conf is followed", async () => {
      const conf = `
        [[registry]]
        prefix = "images.test/team"
        location = "${own.host}/test"
        [[registry.mirror]]
        location = "${first.host}/test"
        pull-from-mirror = "digest-only"
        [[registry]]
        prefix = "images.test/secret"
        blocked = true
      `;
      const environment = fixedEnvironment({}, { "/etc/containers/registries.conf": conf });
      await withClient({ environment }, async (client) => {
        const moved = { registry: "images.test", path: "team/tiny" };
        const { digest } = await client.manifest(moved, TINY_TAG);
        deepStrictEqual(counts(), [0, 0, 1]);
        await client.manifest(moved, digest);
        deepStrictEqual(counts(), [1, 0, 1]);
        await rejects(
          client.manifest({ registry: "images.test", path: "secret/a" }, "1"),
          hasCode("REGISTRY", /registries.conf" blocks "images.test\/secret"/),
        );
      });
    });
  });
});

toolTest("tags() reads all pages", REGISTRY_TOOLS, async (t) => {
  await withRegistry(async (host) => {
    for (const tag of ["2.0", "latest"]) {
      const index = await (await fetch(`http://${host}/v2/${TINY_PATH}/manifests/${TINY_TAG}`, {
        headers: { accept: OCI_INDEX },
      })).text();
      const stored = await fetch(`http://${host}/v2/${TINY_PATH}/manifests/${tag}`, {
        method: "PUT",
        body: index,
        headers: { "content-type": OCI_INDEX },
      });
      await stored.body?.cancel();
    }
    await withClient({}, async (client) => {
      const repository = { registry: host, path: TINY_PATH };
      deepStrictEqual(await client.tags(repository), ["1.0", "2.0", "latest"]);
      await rejects(client.tags({ registry: host, path: "not/there" }), hasCode("NOT_FOUND"));
    });
  });
  const pages = (link: (n: number) => string | null) => (_: Request, url: URL) => {
    const n = Number(url.searchParams.get("last") ?? 0);
    const to = link(n);
    return Response.json({ name: "a", tags: [`t${n}`, "same"] }, {
      headers: to === null ? {} : { link: to },
    });
  };
  const list = (answer: (request: Request, url: URL) => Response) => {
    let tags: Promise<string[]> = Promise.resolve([]);
    return withServer(answer, (registry) =>
      withClient({}, async (client) => {
        tags = client.tags({ registry, path: "a" });
        await tags.catch(() => {});
      })).then(() => tags);
  };
  await t.step("that follow one another", async () => {
    const tags = await list(
      pages((n) => n === 3 ? null : `</v2/a/tags/list?last=${n + 1}&n=2>; rel="next"`),
    );
    deepStrictEqual(tags, ["same", "t0", "t1", "t2", "t3"]);
  });
  await t.step("but not for ever", async () => {
    await rejects(
      list(pages((n) => `</v2/a/tags/list?last=${n + 1}>; rel=next`)),
      hasCode("LIMIT_EXCEEDED"),
    );
    await rejects(list(pages(() => "<?last=1>; rel=next")), hasCode("LIMIT_EXCEEDED"));
  });
  await t.step("but not elsewhere", async () => {
    await rejects(
      list(pages(() => "<https://elsewhere.test/v2/a/tags/list>; rel=next")),
      hasCode("REGISTRY", /elsewhere/),
    );
  });
  await t.step("but no nonsense", async () => {
    await rejects(list(() => Response.json({ tags: [1] })), hasCode("CORRUPT"));
  });
});

Deno.test("referrers() asks the API, or reads the tag that stands for it", async (t) => {
  const digest = `sha256:${"1".repeat(64)}`;
  const entry = (artifactType: string, hex: string) => ({
    mediaType: OCI_MANIFEST,
    digest: `sha256:${hex.repeat(64)}`,
    size: 3,
    artifactType,
  });
  const index = (...manifests: unknown[]) =>
    Response.json({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  const types = (found: readonly { artifactType: string }[]) =>
    found.map(({ artifactType }) => artifactType);
  await t.step("in pages, filtered by us too", () =>
    withServer((_, url) => {
      if (url.pathname !== `/v2/a/referrers/${digest}`) return new Response(null, { status: 404 });
      const isSecond = url.searchParams.has("next");
      const response = isSecond ? index(entry("x", "3")) : index(entry("x", "1"), entry("y", "2"));
      if (!isSecond) response.headers.set("link", `<${url.pathname}?next=1>; rel="next"`);
      return response;
    }, (registry) =>
      withClient({}, async (client) => {
        const repository = { registry, path: "a" };
        deepStrictEqual(types(await client.referrers(repository, digest)), ["x", "y", "x"]);
        deepStrictEqual(types(await client.referrers(repository, digest, "x")), ["x", "x"]);
      })));
  await t.step(
    "by the tag",
    () =>
      withServer(
        (_, url) =>
          url.pathname === `/v2/a/manifests/sha256-${"1".repeat(64)}`
            ? index(entry("z", "4"))
            : new Response("404 page not found", { status: 404 }),
        (registry) =>
          withClient({}, async (client) => {
            deepStrictEqual(types(await client.referrers({ registry, path: "a" }, digest)), ["z"]);
          }),
      ),
  );
  await t.step(
    "none where there is neither",
    () =>
      withServer(
        () => new Response(null, { status: 404 }),
        (registry) =>
          withClient({}, async (client) => {
            deepStrictEqual(await client.referrers({ registry, path: "a" }, digest), []);
          }),
      ),
  );
});

Deno.test("foreignBlob() reads from the urls of the descriptor", async () => {
  const bytes = scrambledBytes(5000);
  await withServer((request, url) => {
    strictEqual(request.headers.get("authorization"), null);
    return url.pathname === "/right" ? new Response(bytes) : new Response(null, { status: 404 });
  }, (host) =>
    withClient({ login: { username: "u", password: "p" } }, async (client) => {
      const kept = new KeptBytes();
      const urls = [`http://${host}/wrong`, `http://${host}/right`];
      await client.foreignBlob(descriptorOf(bytes, urls), kept);
      deepStrictEqual(kept.bytes, bytes);
      const refused = ["ftp://a.test/", "http://a.test/", "https://u:p@a.test/", "x"];
      for (const url of refused) {
        await rejects(
          client.foreignBlob(descriptorOf(bytes, [url]), new KeptBytes()),
          hasCode("REGISTRY", /expected a place by https/),
        );
      }
      await rejects(client.foreignBlob(descriptorOf(bytes), new KeptBytes()), hasCode("NOT_FOUND"));
    }));
});

Deno.test("one connection serves challenges, redirects and answers", async () => {
  const ports = new Set<number>();
  const paths: string[] = [];
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, info) => {
      const { pathname } = new URL(request.url);
      ports.add(info.remoteAddr.port);
      paths.push(pathname);
      if (request.headers.get("authorization") === null) {
        const headers = { "www-authenticate": "Basic realm=x" };
        return new Response("denied", { status: 401, headers });
      }
      return pathname === "/v2/a/manifests/2"
        ? Response.json({ schemaVersion: 2, manifests: [] })
        : new Response("moved", { status: 307, headers: { location: "/v2/a/manifests/2" } });
    },
  );
  const registry = `127.0.0.1:${server.addr.port}`;
  await withClient({ login: { username: "u", password: "p" } }, async (client) => {
    await client.manifest({ registry, path: "a" }, "1");
  });
  const asked = ["/v2/", ..."112".split("").map((tag) => `/v2/a/manifests/${tag}`)];
  deepStrictEqual(paths, asked);
  strictEqual(ports.size, 1);
});

Deno.test("a client that is closed ends what is under way", async () => {
  let arrived = () => {};
  const asked = new Promise<void>((resolve) => arrived = resolve);
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    arrived();
    const body = new ReadableStream({ start: (it) => it.enqueue(new Uint8Array(10)) });
    return new Response(body, { headers: { "content-length": "100" } });
  });
  const registry = `127.0.0.1:${server.addr.port}`;
  const client = testClient();
  const blob = descriptorOf(new Uint8Array(100));
  const download = client.blob({ registry, path: "a" }, blob, new KeptBytes());
  await asked;
  client.close();
  await rejects(download, hasCode("REGISTRY", /the registry client was closed/));
  await rejects(client.manifest({ registry, path: "a" }, "1"), /the registry client was closed/);
});

Deno.test("a token that cannot be sent is refused without being shown", () => {
  throws(
    () => testClient({ registryToken: "hunter2\r\nx: y" }),
    (error) => hasCode("CORRUPT")(error) && !String(error).includes("hunter2"),
  );
});
