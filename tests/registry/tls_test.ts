import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { RegistryOptions } from "../../src/source/registry/options.ts";
import { RegistryError } from "../../src/source/registry/registry_error.ts";
import { toolTest } from "../tools.ts";
import { type CertificateFiles, makeCertificates } from "./certificates.ts";
import {
  fillRegistry,
  PASSWORD,
  REGISTRY_TOOLS,
  startRegistry,
  TINY_PATH,
  TINY_TAG,
  USER,
} from "./registry_server.ts";
import { answerStatus, dropAfter, FaultProxy, neverAnswer, stallAfter } from "./fault_proxy.ts";
import {
  descriptorOf,
  fixedEnvironment,
  KeptBytes,
  pushBlob,
  scrambledBytes,
  testClient,
} from "./test_client.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "tls_" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function read(registry: string, options: RegistryOptions): Promise<unknown> {
  const client = testClient(options);
  return client.manifest({ registry, path: TINY_PATH }, TINY_TAG).finally(() => client.close());
}

const text = (path: string) => Deno.readTextFileSync(path);

toolTest("a registry with https", [...REGISTRY_TOOLS, "openssl"], async (t) => {
  await withFolder(async (folder) => {
    const { authority, server: serverFiles, stranger } = makeCertificates(folder);
    const data = `${folder}/data`;
    {
      await using open = await startRegistry({ data });
      fillRegistry(open);
    }
    await using server = await startRegistry({ data, tls: serverFiles });
    await using strange = await startRegistry({
      data,
      tls: stranger,
      guard: { kind: "htpasswd" },
    });
    const login = { username: USER, password: PASSWORD };
    const { host } = server;

    await t.step("is not trusted without its authority", () =>
      rejects(
        read(host, {}),
        (error) =>
          error instanceof RegistryError && /is not trusted \(unknown auth/.test(error.message),
      ));
    await t.step("is trusted by a given authority", async () => {
      await read(host, { authorities: [text(authority.certificate)] });
    });
    await t.step("is trusted by the authorities of the system", async () => {
      const environment = fixedEnvironment({ SSL_CERT_FILE: "/roots.pem" }, {
        "/roots.pem": text(authority.certificate),
      });
      await read(host, { environment });
    });
    await t.step("is trusted although the system has a certificate of no use", async () => {
      const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
      const environment = fixedEnvironment({ SSL_CERT_FILE: "/roots.pem" }, {
        "/roots.pem": `${broken}# comment\n${text(authority.certificate)}`,
      });
      await read(host, { environment });
      await rejects(read(host, { environment, authorities: [broken] }), /expected PEM/);
    });
    for (const place of ["/h/.config/containers", "/etc/containers", "/etc/docker"]) {
      await t.step(`is trusted by ${place}/certs.d`, async () => {
        const environment = fixedEnvironment({ HOME: "/h" }, {
          [`${place}/certs.d/${host}/ca.crt`]: text(authority.certificate),
        });
        await read(host, { environment });
        // A folder of another registry says nothing.
        const other = fixedEnvironment({ HOME: "/h" }, {
          [`${place}/certs.d/127.0.0.1:1/ca.crt`]: text(authority.certificate),
        });
        await rejects(read(host, { environment: other }), RegistryError);
      });
    }
    await t.step("a wrong text instead of a certificate is said", () =>
      rejects(
        read(host, {
          clientCertificate: { certificate: "nonsense", key: "nonsense" },
        }),
        /certificates cannot be used, expected PEM/,
      ));
    await t.step("is refused when its certificate is for another name", () =>
      rejects(
        read(strange.host, { login, authorities: [text(stranger.certificate)] }),
        (error) => error instanceof RegistryError && /is not trusted/.test(error.message),
      ));
    await t.step("is read unverified where it is marked insecure, with its login", async () => {
      await read(strange.host, { login, insecure: true });
    });
    await t.step("is downloaded from unverified, whatever breaks", async () => {
      await using plain = await startRegistry({ data });
      const bytes = scrambledBytes(1_000_000);
      await pushBlob(plain.host, TINY_PATH, bytes);
      const tls = { cert: text(stranger.certificate), key: text(stranger.key) };
      await using proxy = new FaultProxy(plain.host, tls);
      const timing = { stallTimeoutMilliseconds: 150, headersTimeoutMilliseconds: 300 };
      const client = testClient({ insecure: true, timing });
      const faults = [dropAfter(300_000), stallAfter(1000), neverAnswer(), answerStatus(500)];
      proxy.breakNext(/blobs/, ...faults);
      const kept = new KeptBytes();
      await client.blob({ registry: proxy.host, path: TINY_PATH }, descriptorOf(bytes), kept);
      client.close();
      strictEqual(proxy.faultsLeft, 0);
      deepStrictEqual(kept.bytes, bytes);
    });
    await t.step("insecure falls back to plain http", async () => {
      await using plain = await startRegistry({ data });
      await read(plain.host, { insecure: true });
      await read(plain.host, {});
    });
    await t.step("insecure is for the registry alone, not for where it redirects", async () => {
      const { hostname, port } = new URL(`https://${strange.host}`);
      const blob = descriptorOf(new Uint8Array([1]));
      await using redirecting = Deno.serve(
        {
          hostname: "127.0.0.1",
          port: 0,
          cert: text(stranger.certificate),
          key: text(stranger.key),
          onListen() {},
        },
        (request) =>
          new URL(request.url).pathname === "/v2/"
            ? new Response()
            : Response.redirect(`https://${hostname}:${port}/x`, 307),
      );
      const client = testClient({ insecure: true, login });
      const registry = `127.0.0.1:${redirecting.addr.port}`;
      await rejects(
        client.blob({ registry, path: "a" }, blob, new KeptBytes()),
        (error) => error instanceof RegistryError && /is not trusted/.test(error.message),
      );
      client.close();
    });
  });
});

toolTest("a registry that wants a client certificate", ["openssl"], async (t) => {
  await withFolder(async (folder) => {
    const { authority, server, client } = makeCertificates(folder);
    await using guarded = await startGuarded(authority, server);
    const { host } = guarded;
    const authorities = [text(authority.certificate)];
    const clientCertificate = { certificate: text(client.certificate), key: text(client.key) };
    const manifestOf = async (options: RegistryOptions) => {
      const it = testClient(options);
      try {
        return (await it.manifest({ registry: host, path: "a" }, "1")).mediaType;
      } finally {
        it.close();
      }
    };
    const type = "application/vnd.oci.image.index.v1+json";
    await t.step("gets the one that was given", async () => {
      strictEqual(await manifestOf({ authorities, clientCertificate }), type);
    });
    await t.step("gets it unverified too", async () => {
      strictEqual(await manifestOf({ insecure: true, clientCertificate }), type);
    });
    await t.step("gets the one of certs.d", async () => {
      const folder = `/etc/docker/certs.d/${host}`;
      const environment = fixedEnvironment({}, {
        [`${folder}/ca.crt`]: authorities[0],
        [`${folder}/me.cert`]: clientCertificate.certificate,
        [`${folder}/me.key`]: clientCertificate.key,
      });
      strictEqual(await manifestOf({ environment }), type);
    });
    await t.step("a certificate without its key is said", () =>
      rejects(
        manifestOf({
          environment: fixedEnvironment({}, {
            [`/etc/docker/certs.d/${host}/me.cert`]: clientCertificate.certificate,
          }),
        }),
        /its key cannot be read, expected it in "me.key"/,
      ));
    await t.step("refuses who has none", () => rejects(manifestOf({ authorities }), RegistryError));
  });
});

/** `node:https` can ask for client certificates; the registry of the tests is no more than this. */
async function startGuarded(
  authority: CertificateFiles,
  server: CertificateFiles,
): Promise<AsyncDisposable & { readonly host: string }> {
  const { createServer } = await import("node:https");
  const https = createServer({
    cert: text(server.certificate),
    key: text(server.key),
    ca: text(authority.certificate),
    requestCert: true,
    rejectUnauthorized: true,
  }, (_request, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"schemaVersion":2,"manifests":[]}');
  });
  await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
  const address = https.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        https.close(() => resolve());
        https.closeAllConnections();
      }),
  };
}
