import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { existsSync } from "node:fs";
import { withDirectory } from "../layout_fixture.ts";
import { dockerMembers, tarOf } from "../layout_fixture.ts";
import { dockerDaemon } from "./open_docker_daemon.ts";

const ID = `sha256:${"1".repeat(64)}`;
const LIST = [{ Id: ID, RepoTags: ["app:1"], RepoDigests: null }];
const TAR = tarOf([{ name: "file", body: new TextEncoder().encode("content") }]);
const ARCHIVE = tarOf(dockerMembers([{ image: { layers: [{ tar: TAR }] }, names: ["app:1"] }]));
const PLATFORM = "linux/amd64";

/** What an engine of a test answers, by the path that is asked for. */
type Answers = Record<string, (() => Response) | undefined>;

const GOOD: Answers = {
  "/images/json": () => Response.json(LIST),
  "/images/app%3A1/get": () => new Response(ARCHIVE),
};

/** Serves `answers` on a socket; paths that were asked for come in order. */
async function withEngine(
  answers: Answers,
  use: (socket: string, asked: string[]) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const socket = `${directory}/docker.sock`;
    const asked: string[] = [];
    const server = Deno.serve({ path: socket, onListen: () => {} }, (request) => {
      const path = request.url.slice(request.url.indexOf("/images"));
      asked.push(path);
      return answers[path]?.() ?? Response.json({ message: "no such image" }, { status: 404 });
    });
    try {
      await use(socket, asked);
    } finally {
      await server.shutdown();
    }
  });
}

Deno.test("dockerDaemon() has the engine export the image, and deletes the archive", () =>
  withEngine(GOOD, async (dockerSocket, asked) => {
    const image = await dockerDaemon("app:1", { dockerSocket, platform: PLATFORM });
    const [{ job }] = image.layers;
    const path = job.kind === "tar" && job.location.kind === "file" ? job.location.path : "";
    strictEqual(existsSync(path), true);
    await image.close();
    strictEqual(existsSync(path), false);
    deepStrictEqual(asked, ["/images/json", "/images/app%3A1/get"]);
    for (const name of ["", "app:1", ID, "1111"]) {
      await (await dockerDaemon(name, { dockerSocket, platform: PLATFORM })).close();
    }
  }));

Deno.test("dockerDaemon() lists the images of the engine", () =>
  withEngine(GOOD, (dockerSocket) =>
    rejects(dockerDaemon("nope", { dockerSocket }), {
      code: "NOT_FOUND",
      message: /"nope" .*expected one of:\n {2}app:1 {2}sha256:1111/,
    })));

const broken: readonly [string, Answers, string, RegExp][] = [
  [
    "refuses to export",
    { ...GOOD, "/images/app%3A1/get": undefined },
    "NOT_FOUND",
    /answers 404 \("no such image"\)/,
  ],
  [
    "fails",
    { "/images/json": () => new Response("oops", { status: 500 }) },
    "IO",
    /answers 500 \("oops"\)/,
  ],
  ["answers no list", { "/images/json": () => Response.json({}) }, "CORRUPT", /list of images/],
  [
    "answers without end",
    { "/images/json": () => new Response(new Uint8Array(5_000_000)) },
    "LIMIT_EXCEEDED",
    /larger than/,
  ],
  [
    "sends no archive",
    { ...GOOD, "/images/app%3A1/get": () => new Response("oops") },
    "NOT_FOUND",
    /expected a tar archive/,
  ],
  [
    "sends half an archive",
    { ...GOOD, "/images/app%3A1/get": () => new Response(ARCHIVE.slice(0, 2000)) },
    "CORRUPT",
    /it ends at byte/,
  ],
  [
    "breaks off",
    { ...GOOD, "/images/app%3A1/get": () => new Response(brokenStream()) },
    "IO",
    /the connection broke/,
  ],
];

for (const [what, answers, code, message] of broken) {
  Deno.test(`dockerDaemon() says what is wrong where the engine ${what}`, () =>
    withEngine(
      answers,
      (dockerSocket) =>
        rejects(dockerDaemon("app:1", { dockerSocket, platform: PLATFORM }), { code, message }),
    ));
}

Deno.test("dockerDaemon() stops when it is cancelled", () =>
  withEngine(GOOD, async (dockerSocket) => {
    const reason = new Error("enough");
    await rejects(
      dockerDaemon("app:1", { dockerSocket, signal: AbortSignal.abort(reason) }),
      reason,
    );
  }));

Deno.test("dockerDaemon() says so where no engine listens", () =>
  withDirectory(async (directory) => {
    await rejects(dockerDaemon("app", { dockerSocket: `${directory}/no.sock` }), {
      code: "NOT_FOUND",
      message: /no socket is there/,
    });
    const dead = `${directory}/dead.sock`;
    Deno.listen({ transport: "unix", path: dead }).close();
    await rejects(dockerDaemon("app", { dockerSocket: dead }), (error: { code: string }) => {
      // The runtime may remove the socket with its listener.
      return error.code === "NOT_FOUND" || error.code === "IO";
    });
  }));

function brokenStream(): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream({
    pull(controller) {
      if (count++ === 0) controller.enqueue(ARCHIVE.slice(0, 1000));
      else controller.error(new Error("the test breaks the answer"));
    },
  });
}
