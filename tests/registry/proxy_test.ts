import { deepStrictEqual, strictEqual } from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

/** Reads a tag list in a process of its own, whose environment names a proxy. */
async function readThroughProxy(
  proxy: string,
  mirror: string,
  more: Record<string, string> = {},
): Promise<string> {
  const script = `
    import { testClient } from "./tests/registry/test_client.ts";
    const client = testClient({
      mirrors: { "images.test": [${JSON.stringify(mirror)}] },
      timing: { retryLimit: 0 },
    });
    try {
      console.log((await client.tags({ registry: "images.test", path: "a" })).join());
    } catch (error) {
      console.log(error.code);
    }
    client.close();
  `;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-prompt", "--ext=ts", "-"],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
    env: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy, NO_PROXY: "", ...more },
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(script));
  await writer.close();
  const { stdout } = await process.output();
  return new TextDecoder().decode(stdout).trim();
}

/** A proxy that knows one answer, and notes the first line of every request. */
async function withProxy(run: (proxy: string, lines: string[]) => Promise<void>): Promise<void> {
  const lines: string[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      const bytes = new Uint8Array(4096);
      const count = await connection.read(bytes) ?? 0;
      const line = new TextDecoder().decode(bytes.subarray(0, count)).split("\r\n")[0];
      lines.push(line);
      const body = '{"tags":["proxied"]}';
      const answer = line.startsWith("CONNECT")
        ? "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n"
        : `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
      await connection.write(new TextEncoder().encode(answer));
      connection.close();
    }
  })();
  await run(`http://127.0.0.1:${listener.addr.port}`, lines);
  listener.close();
  await serving;
}

Deno.test("proxies are taken from the environment", async (t) => {
  await withProxy(async (proxy, lines) => {
    await t.step("for http", async () => {
      strictEqual(await readThroughProxy(proxy, "http://mirror.test"), "proxied");
      deepStrictEqual(lines, ["GET http://mirror.test/v2/a/tags/list?n=1000 HTTP/1.1"]);
    });
    await t.step("for https, as a tunnel", async () => {
      lines.length = 0;
      strictEqual(await readThroughProxy(proxy, "https://mirror.test"), "REGISTRY");
      deepStrictEqual(lines, [
        "CONNECT mirror.test:443 HTTP/1.1",
        "CONNECT images.test:443 HTTP/1.1",
      ]);
    });
    await t.step("but not for what NO_PROXY names", async () => {
      lines.length = 0;
      const direct = { NO_PROXY: "127.0.0.1,images.test" };
      await readThroughProxy(proxy, "http://127.0.0.1:9", direct);
      deepStrictEqual(lines, []);
    });
  });
});
