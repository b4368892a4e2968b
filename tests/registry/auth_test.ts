import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import type { Repository } from "../../src/oci/registry_reference.ts";
import type { RegistryClient } from "../../src/source/registry/client.ts";
import type { RegistryOptions } from "../../src/source/registry/options.ts";
import { RegistryError } from "../../src/source/registry/registry_error.ts";
import { toolTest } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { answerStatus, FaultProxy, unchanged } from "./fault_proxy.ts";
import {
  fillRegistry,
  PASSWORD,
  REGISTRY_TOOLS,
  type RegistryGuard,
  startRegistry,
  TINY_PATH,
  TINY_TAG,
  USER,
} from "./registry_server.ts";
import { fixedEnvironment, KeptBytes, testClient } from "./test_client.ts";
import { ISSUER, REFRESH_TOKEN, SERVICE, TokenIssuer } from "./token_issuer.ts";

const LOGIN = { username: USER, password: PASSWORD };
const BASE64_LOGIN = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");

/** A folder of data with the tiny image. */
async function withData(run: (data: string) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "registry_data_" });
  try {
    {
      await using open = await startRegistry({ data });
      fillRegistry(open);
    }
    await run(data);
  } finally {
    await Deno.remove(data, { recursive: true });
  }
}

async function withClient(
  options: RegistryOptions,
  run: (client: RegistryClient) => Promise<void>,
): Promise<void> {
  const client = testClient(options);
  try {
    await run(client);
  } finally {
    client.close();
  }
}

/** Manifest and all blobs of one platform of the tiny image. */
async function readAll(client: RegistryClient, repository: Repository): Promise<void> {
  const index = parse((await client.manifest(repository, TINY_TAG)).bytes);
  const manifest = parse((await client.manifest(repository, index.manifests[0].digest)).bytes);
  const blobs = [manifest.config, ...manifest.layers];
  await Promise.all(blobs.map((blob) => client.blob(repository, blob, new KeptBytes())));
}

// deno-lint-ignore no-explicit-any
function parse(bytes: Uint8Array): any {
  return JSON.parse(new TextDecoder().decode(bytes));
}

function isRefused(words: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof RegistryError && error.code === "REGISTRY" && words.test(error.message) &&
    !error.message.includes("secret");
}

toolTest("a registry with passwords is read with the right one", REGISTRY_TOOLS, async (t) => {
  await withData(async (data) => {
    await using server = await startRegistry({ data, guard: { kind: "htpasswd" } });
    await using proxy = new FaultProxy(server.host);
    const repository = { registry: proxy.host, path: TINY_PATH };
    const auth = (key: string, entry: Record<string, unknown>, more = {}) =>
      JSON.stringify({ auths: { [key]: entry }, ...more });
    const { host } = proxy;

    const good: Record<string, RegistryOptions> = {
      "a given login": { login: LOGIN },
      "Docker's file": {
        environment: fixedEnvironment({ HOME: "/h" }, {
          "/h/.docker/config.json": auth(host, { auth: BASE64_LOGIN }),
        }),
      },
      "Docker's file, by the old form of a key": {
        environment: fixedEnvironment({ DOCKER_CONFIG: "/d" }, {
          "/d/config.json": auth(`http://${host}/v1/`, { auth: BASE64_LOGIN }),
        }),
      },
      "podman's file at run time": {
        environment: fixedEnvironment({ XDG_RUNTIME_DIR: "/run/1", HOME: "/h" }, {
          "/run/1/containers/auth.json": auth(`${host}/test`, { auth: BASE64_LOGIN }),
          "/h/.docker/config.json": auth(host, { auth: "d3Jvbmc6d3Jvbmc=" }),
        }),
      },
      "podman's own variable": {
        environment: fixedEnvironment({ REGISTRY_AUTH_FILE: "/a.json", HOME: "/h" }, {
          "/a.json": auth(host, { username: USER, password: PASSWORD }),
        }),
      },
    };
    for (const [name, options] of Object.entries(good)) {
      await t.step(name, () => withClient(options, (client) => readAll(client, repository)));
    }

    await t.step("no login", () =>
      withClient({}, async (client) => {
        await rejects(
          client.manifest(repository, TINY_TAG),
          isRefused(/no credentials were found/),
        );
      }));
    await t.step(
      "a wrong password",
      () =>
        withClient({ login: { ...LOGIN, password: "wrong secret" } }, async (client) => {
          await rejects(client.manifest(repository, TINY_TAG), isRefused(/user "alice" may not/));
        }),
    );
    await t.step("secrets are sent to the server only after its challenge", async () => {
      proxy.breakNext(/^$/);
      await withClient({ login: LOGIN }, async (client) => {
        await client.manifest(repository, TINY_TAG);
      });
      const sent = proxy.seen.filter(({ path }) => path.includes("/manifests/"));
      deepStrictEqual(sent.map(({ authorization }) => authorization), [
        null,
        `Basic ${BASE64_LOGIN}`,
      ]);
    });
    await t.step("400 instead of a challenge", async () => {
      await withClient({ login: LOGIN }, async (client) => {
        await client.manifest(repository, TINY_TAG);
        proxy.breakNext(/\/manifests\//, answerStatus(400));
        await client.manifest(repository, TINY_TAG);
        strictEqual(proxy.faultsLeft, 0);
        deepStrictEqual(
          proxy.seen.map(({ authorization }) => authorization?.split(" ")[0] ?? null),
          ["Basic", null, "Basic"],
        );
      });
    });
    await t.step("several challenges, of which one is understood", async () => {
      proxy.breakNext(/\/manifests\//, (answer) => {
        const headers = new Headers(answer.headers);
        headers.set("www-authenticate", 'Negotiate, Digest realm="a, b", BASIC Realm=x');
        return unchanged({ ...answer, headers });
      });
      await withClient({ login: LOGIN }, async (client) => {
        await client.manifest(repository, TINY_TAG);
      });
      strictEqual(proxy.faultsLeft, 0);
    });
  });
});

toolTest("credential programs are asked", REGISTRY_TOOLS, async (t) => {
  await withData(async (data) => {
    await using server = await startRegistry({ data, guard: { kind: "htpasswd" } });
    const repository = { registry: server.host, path: TINY_PATH };
    const folder = await Deno.makeTempDir({ prefix: "programs_" });
    const path = Deno.env.get("PATH") ?? "";
    Deno.env.set("PATH", `${folder}:${path}`);
    try {
      const answer = JSON.stringify({ ServerURL: "x", Username: USER, Secret: PASSWORD });
      makeProgram(folder, "r1-good", [
        'read -r server; test "$1" = get || exit 2',
        `test "$server" = "${server.host}" || { echo credentials not found in native keychain; exit 1; }`,
        `echo '${answer}'`,
      ]);
      makeProgram(folder, "r1-none", ["echo credentials not found in native keychain; exit 1"]);
      makeProgram(folder, "r1-broken", ["echo the keyring is locked; exit 1"]);
      makeProgram(folder, "r1-noise", ["echo this is no secret JSON"]);
      makeProgram(folder, "r1-endless", ["yes secret"]);
      const environment = (config: unknown) =>
        fixedEnvironment({ DOCKER_CONFIG: "/d" }, { "/d/config.json": JSON.stringify(config) });
      const read = (config: unknown) =>
        withClient({ environment: environment(config) }, async (client) => {
          await client.manifest(repository, TINY_TAG);
        });
      const { host } = server;

      await t.step("for one registry", () => read({ credHelpers: { [host]: "r1-good" } }));
      await t.step(
        "for all registries",
        () => read({ auths: { [host]: {} }, credsStore: "r1-good" }),
      );
      await t.step(
        "one without an answer leaves it to the file",
        () => read({ auths: { [host]: { auth: BASE64_LOGIN } }, credsStore: "r1-none" }),
      );
      await t.step("one for another registry is not asked", () =>
        read({
          auths: { [host]: { auth: BASE64_LOGIN } },
          credHelpers: { "other.test": "r1-broken" },
        }));
      const failing: Record<string, RegExp> = {
        "r1-none": /no credentials were found/,
        "r1-broken": /it failed \(the keyring is locked\)/,
        "r1-noise": /its answer is malformed/,
        "r1-endless": /more than 262144 bytes/,
        "r1-missing": /it is not installed/,
        "../r1-good": /it has no name of a program/,
      };
      for (const [name, words] of Object.entries(failing)) {
        await t.step(name, () => rejects(read({ credsStore: name }), isRefused(words)));
      }
      await t.step("one that hangs ends with the client", async () => {
        // The shell is ended, but not what it has started, which keeps the output open.
        const note = join(folder, "pid");
        makeProgram(folder, "r1-hung", [
          `sleep 30 & echo $! >${note}.new; mv ${note}.new ${note}; wait`,
        ]);
        const client = testClient({ environment: environment({ credsStore: "r1-hung" }) });
        const read = rejects(client.manifest(repository, TINY_TAG), isRefused(/client was closed/));
        let pid = 0;
        while (pid === 0) {
          pid = Number(await Deno.readTextFile(note).catch(() => "0"));
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        client.close();
        await read;
        // It is still there: it was not waited for.
        Deno.kill(pid, "SIGKILL");
      });
    } finally {
      Deno.env.set("PATH", path);
      await Deno.remove(folder, { recursive: true });
    }
  });
});

toolTest("a registry with tokens", [...REGISTRY_TOOLS, "openssl"], async (t) => {
  await withData(async (data) => {
    const folder = await Deno.makeTempDir({ prefix: "certificates_" });
    const { authority } = makeCertificates(folder);
    await using issuer = new TokenIssuer(authority);
    const guard: RegistryGuard = {
      kind: "token",
      realm: issuer.realm,
      service: SERVICE,
      issuer: ISSUER,
      certificate: authority.certificate,
    };
    await using server = await startRegistry({ data, guard });
    await using proxy = new FaultProxy(server.host);
    const repository = { registry: proxy.host, path: TINY_PATH };
    const { settings } = issuer;
    const usual = { ...settings };
    const step = (name: string, run: () => Promise<void>) =>
      t.step(name, async () => {
        Object.assign(settings, usual);
        issuer.asked.length = 0;
        proxy.breakNext(/^$/);
        await run();
      });
    const scope = `repository:${TINY_PATH}:pull`;

    await step(
      "is read anonymously with one token for all",
      () =>
        withClient({}, async (client) => {
          await readAll(client, repository);
          deepStrictEqual(issuer.asked, [
            { method: "GET", scope, service: SERVICE, who: "anonymous" },
          ]);
        }),
    );
    await step("is read with a login", async () => {
      settings.allowsAnonymous = false;
      await withClient({ login: LOGIN }, (client) => readAll(client, repository));
      deepStrictEqual(issuer.asked.map(({ who }) => who), ["basic"]);
    });
    await step("is read with an identity token", async () => {
      settings.allowsAnonymous = false;
      const config = { auths: { [proxy.host]: { identitytoken: REFRESH_TOKEN } } };
      const environment = fixedEnvironment({ DOCKER_CONFIG: "/d" }, {
        "/d/config.json": JSON.stringify(config),
      });
      await withClient({ environment }, (client) => readAll(client, repository));
      deepStrictEqual(issuer.asked, [{ method: "POST", scope, service: SERVICE, who: "refresh" }]);
    });
    await step("is read with a token that was given", async () => {
      await withClient({}, async (client) => {
        await client.manifest(repository, TINY_TAG);
      });
      const registryToken = proxy.seen.at(-1)?.authorization?.replace("Bearer ", "") ?? "";
      issuer.asked.length = 0;
      await withClient({ registryToken }, (client) => readAll(client, repository));
      strictEqual(issuer.asked.length, 0);
    });
    await step("refuses a wrong login clearly", async () => {
      await withClient({ login: { ...LOGIN, password: "wrong secret" } }, async (client) => {
        await rejects(
          client.manifest(repository, TINY_TAG),
          isRefused(/Cannot log in at .* answered 401 to user "alice"/),
        );
      });
    });
    await step("refuses anonymous requests clearly", async () => {
      settings.allowsAnonymous = false;
      await withClient({}, async (client) => {
        await rejects(client.manifest(repository, TINY_TAG), isRefused(/no such user/));
      });
    });
    await step("gets a new token before the old one runs out", async () => {
      settings.statedSeconds = 0.05;
      await withClient({}, async (client) => {
        await client.manifest(repository, TINY_TAG);
        await new Promise((resolve) => setTimeout(resolve, 60));
        proxy.breakNext(/^$/);
        await client.manifest(repository, TINY_TAG);
        strictEqual(issuer.asked.length, 2);
        // The old one was not even tried.
        strictEqual(proxy.seen.length, 1);
      });
    });
    await step("gets a new token when the old one is refused", async () => {
      settings.wrongTokens = 1;
      await withClient({}, async (client) => {
        await rejects(client.manifest(repository, TINY_TAG), isRefused(/answered 401/));
        await client.manifest(repository, TINY_TAG);
        strictEqual(issuer.asked.length, 2);
      });
    });
    await step("gets one new token for many refused requests", async () => {
      await withClient({}, async (client) => {
        await client.manifest(repository, TINY_TAG);
        const old = proxy.seen.at(-1)?.authorization;
        const refused = expiredToken(issuer.realm);
        proxy.breakAlways(
          /\/manifests\//,
          (answer, request) =>
            request.headers.get("authorization") === old ? refused() : unchanged(answer),
        );
        await Promise.all(
          Array.from({ length: 4 }, () => client.manifest(repository, TINY_TAG)),
        );
        // The first, and one for all four.
        strictEqual(issuer.asked.length, 2);
      });
    });
    await step("asks a token server again that has failed", async () => {
      settings.failures = 2;
      await withClient({}, (client) => readAll(client, repository));
      strictEqual(issuer.asked.length, 3);
    });
    await step("understands a challenge without quotes and without a scope", async () => {
      proxy.breakNext(/\/manifests\//, () =>
        new Response(null, {
          status: 401,
          headers: {
            "www-authenticate": `basic realm=x,Bearer realm=${issuer.realm},service=${
              SERVICE.replaceAll(" ", "_")
            }`,
          },
        }));
      await withClient({}, async (client) => {
        // The registry refuses a token for another service, but asks for it properly then.
        await client.manifest(repository, TINY_TAG).catch(() => {});
      });
      deepStrictEqual(issuer.asked[0], {
        method: "GET",
        scope,
        service: SERVICE.replaceAll(" ", "_"),
        who: "anonymous",
      });
    });
    await step("sends no login to a token server without https", async () => {
      proxy.breakNext(/\/manifests\//, () =>
        new Response(null, {
          status: 401,
          headers: { "www-authenticate": 'Bearer realm="http://tokens.test/token"' },
        }));
      await withClient({ login: LOGIN }, async (client) => {
        await rejects(client.manifest(repository, TINY_TAG), isRefused(/expected one by https/));
      });
    });
    await Deno.remove(folder, { recursive: true });
  });
});

function expiredToken(realm: string) {
  const challenge = `Bearer realm="${realm}",service="${SERVICE}",` +
    `scope="repository:${TINY_PATH}:pull",error="invalid_token"`;
  return () => new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
}

function makeProgram(folder: string, name: string, lines: readonly string[]): void {
  const path = join(folder, `docker-credential-${name}`);
  Deno.writeTextFileSync(path, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 });
}
