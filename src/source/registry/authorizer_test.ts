import { rejects, strictEqual } from "node:assert/strict";
import { Authorizer } from "./authorizer.ts";
import type { Credential } from "./credential.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Environment } from "./environment.ts";
import { HttpTransport } from "./http_transport.ts";
import { RegistryError } from "./registry_error.ts";
import { DEFAULT_TIMING } from "./timing.ts";
import { TlsSettings } from "./tls_settings.ts";

const ENDPOINT: Endpoint = {
  host: "h.test",
  scheme: null,
  isInsecure: false,
  path: "a",
  credentialName: "h.test/a",
  isMirror: false,
};
const NOTHING: Environment = {
  variable: () => undefined,
  readFile: () => null,
  listDirectory: () => [],
};
const GIVEN: Credential = { kind: "password", username: "given", password: "x" };
const STORED: Credential = { kind: "password", username: "stored", password: "x" };

function createAuthorizer(given: Credential | null = GIVEN): Authorizer {
  const tls = new TlsSettings({ authorities: [], client: null }, NOTHING);
  return new Authorizer({
    given,
    credentials: { find: () => Promise.resolve(STORED) },
    transport: new HttpTransport(tls, DEFAULT_TIMING, new AbortController().signal),
    timing: DEFAULT_TIMING,
    closing: new AbortController().signal,
  });
}

/** The user whose password would be sent to `url`; `null` for nobody. */
async function sentTo(
  url: string,
  endpoint: Partial<Endpoint> = {},
  field = 'Basic realm="x"',
): Promise<string | null> {
  const authorizer = createAuthorizer();
  const it = { ...ENDPOINT, ...endpoint };
  const answer = await authorizer.answer(it, new URL(url), field, null);
  strictEqual(await authorizer.authorization(it, new URL(url)), answer);
  return answer === null ? null : atob(answer.replace("Basic ", "")).split(":")[0];
}

Deno.test("answer() sends no password over plain http to another machine", async () => {
  strictEqual(await sentTo("https://h.test/"), "given");
  strictEqual(await sentTo("http://h.test/"), null);
  strictEqual(await sentTo("http://127.0.0.1.h.test/"), null);
  strictEqual(await sentTo("http://10.0.0.1/"), null);
  strictEqual(await sentTo("http://127.0.0.1/"), "given");
  strictEqual(await sentTo("http://localhost:5000/"), "given");
  strictEqual(await sentTo("http://[::1]:5000/"), "given");
  strictEqual(await sentTo("http://h.test/", { isInsecure: true }), "given");
});

Deno.test("authorization() sends nothing over plain http that was learnt over https", async () => {
  const authorizer = createAuthorizer();
  await authorizer.answer(ENDPOINT, new URL("https://h.test/"), "Basic", null);
  strictEqual(await authorizer.authorization(ENDPOINT, new URL("http://h.test/")), null);
});

Deno.test("answer() keeps what was given from mirrors", async () => {
  strictEqual(await sentTo("https://m.test/", { isMirror: true }), "stored");
});

Deno.test("answer() has nothing for challenges that it does not know", async () => {
  strictEqual(await sentTo("https://h.test/", {}, "Negotiate"), null);
  strictEqual(await sentTo("https://h.test/", {}, ""), null);
  strictEqual(await sentTo("https://h.test/", {}, 'Bearer service="no realm"'), null);
});

Deno.test("answer() does not send the same password again", async () => {
  const authorizer = createAuthorizer();
  const url = new URL("https://h.test/");
  const first = await authorizer.answer(ENDPOINT, url, "Basic", null);
  strictEqual(await authorizer.answer(ENDPOINT, url, "Basic", first), null);
});

Deno.test("answer() asks no token server that could betray a password", async () => {
  const bad: [string, string][] = [
    ["https://h.test/", "http://h.test/token"],
    ["https://h.test/", "http://127.0.0.1/token"],
    ["https://h.test/", "file:///etc/passwd"],
    ["https://h.test/", "https://u:p@t.test/token"],
    ["https://h.test/", "token"],
    ["http://127.0.0.1/", "http://t.test/token"],
  ];
  for (const [url, realm] of bad) {
    await rejects(
      createAuthorizer().answer(ENDPOINT, new URL(url), `Bearer realm="${realm}"`, null),
      (error) => error instanceof RegistryError && /expected one by https/.test(error.message),
      realm,
    );
  }
});
