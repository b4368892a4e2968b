import { ok, rejects, strictEqual } from "node:assert/strict";
import { fetchToken } from "./bearer_token.ts";
import { HttpTransport } from "./http_transport.ts";
import { DEFAULT_TIMING } from "./timing.ts";
import { TlsSettings } from "./tls_settings.ts";

/** What becomes of one answer of a token server: seconds that the token is used, and the token. */
async function receive(
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ seconds: number; token: string }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(text, { headers }),
  );
  const environment = { variable: () => undefined, readFile: () => null, listDirectory: () => [] };
  const tls = new TlsSettings({ authorities: [], client: null }, environment);
  const transport = new HttpTransport(tls, DEFAULT_TIMING, new AbortController().signal);
  try {
    const realm = new URL(`http://127.0.0.1:${server.addr.port}/token`);
    const request = { realm, service: "s", scope: "x", credential: null, isInsecure: false };
    const before = Date.now();
    const { token, expiresMilliseconds } = await fetchToken(request, transport, DEFAULT_TIMING);
    return { token, seconds: Math.round((expiresMilliseconds - before) / 1000) };
  } finally {
    transport.close();
  }
}

Deno.test("fetchToken() uses a token for a little less than its life", async () => {
  strictEqual((await receive({ token: "t", expires_in: 300 })).seconds, 290);
  strictEqual((await receive({ token: "t", expires_in: 20 })).seconds, 18);
  // Without a lifetime it is a minute.
  strictEqual((await receive({ token: "t" })).seconds, 54);
  strictEqual((await receive({ token: "t", expires_in: 1e300 })).seconds, 86390);
  ok((await receive({ token: "t", expires_in: -5 })).seconds <= 0);
});

Deno.test("fetchToken() trusts the server's clock alone about the token's age", async () => {
  const date = "Thu, 01 Jan 2015 00:01:40 GMT";
  const issued_at = "2015-01-01T00:00:00Z";
  // 100 seconds old by the server's clock, whatever ours says.
  strictEqual((await receive({ token: "t", expires_in: 300, issued_at }, { date })).seconds, 190);
  // Issued in the future: nothing is added.
  const future = "2040-01-01T00:00:00Z";
  strictEqual((await receive({ token: "t", expires_in: 300, issued_at: future })).seconds, 290);
  strictEqual((await receive({ token: "t", expires_in: 300, issued_at: "?" })).seconds, 290);
});

Deno.test("fetchToken() takes either name of the token", async () => {
  strictEqual((await receive({ access_token: "a" })).token, "a");
  strictEqual((await receive({ token: "t", access_token: "a" })).token, "t");
  strictEqual((await receive({ token: "", access_token: "a" })).token, "a");
});

Deno.test("fetchToken() refuses nonsense and repeats none of it", async () => {
  const bad = [
    "hunter2",
    '{"token":"hunter2',
    {},
    { token: 1 },
    { token: "hunter2\r\nx: y" },
    { token: "hunter2 hunter2" },
    { token: "x".repeat(70_000) },
    { token: "t", expires_in: "hunter2" },
    { token: "x".repeat(1_100_000) },
  ];
  for (const body of bad) {
    await rejects(
      receive(body),
      (error) =>
        error instanceof Error && /^Cannot read token/.test(error.message) &&
        !/hunter2/.test(`${error.stack}${error.cause}`),
    );
  }
});
