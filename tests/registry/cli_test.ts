import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { filesBelow } from "../../src/source/cache/cache_fixture.ts";
import { type CliOptions, runCli, startCli, TINY } from "../e2e/cli_process.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { FaultProxy, stallAfter, unchanged } from "./fault_proxy.ts";
import { LARGE_PATH, LARGE_PLATFORM, LARGE_TAG, pushLargeImage } from "./large_image.ts";
import {
  fillRegistry,
  PASSWORD,
  REGISTRY_TOOLS,
  type RegistryServer,
  startRegistry,
  TINY_PATH,
  TINY_TAG,
  USER,
} from "./registry_server.ts";

const AMD64 = ["--platform", "linux/amd64"];

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = Deno.makeTempDirSync({ prefix: "registry_cli_" });
  try {
    await run(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** A registry with the tiny image, behind a proxy that counts. */
async function withRegistry(
  run: (scene: { server: RegistryServer; proxy: FaultProxy; directory: string }) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    await using server = await startRegistry({ data: join(directory, "data") });
    fillRegistry(server);
    await using proxy = new FaultProxy(server.host);
    await run({ server, proxy, directory });
  });
}

async function succeed(args: readonly string[], options: CliOptions = {}) {
  const result = await runCli(args, options);
  strictEqual(result.code, 0, result.stderr);
  return result;
}

function sameBytes(a: string, b: string): boolean {
  return new Deno.Command("cmp", { args: ["--silent", a, b] }).outputSync().success;
}

toolTest(
  "the program converts from a registry, then from its cache, then offline",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ proxy, directory }) => {
      const name = `${proxy.host}/${TINY_PATH}:${TINY_TAG}`;
      const cwd = directory;
      // Deno itself keeps packages below the same directory.
      const env = { XDG_CACHE_HOME: join(directory, "xdg"), DENO_DIR: denoDirectory() };
      await succeed([TINY, "-o", "layout.ext4", ...AMD64], { cwd });

      const first = await succeed([name, "-o", "a.ext4", ...AMD64], { cwd, env });
      match(first.stderr, /^oci2rootfs: loaded layer 3 \(sha256:[0-9a-f]{12}\), 398 B$/m);
      ok(sameBytes(join(cwd, "a.ext4"), join(cwd, "layout.ext4")));

      proxy.seen.length = 0;
      const second = await succeed([`docker://${name}`, "-o", "b.ext4", ...AMD64], { cwd, env });
      ok(!second.stderr.includes("loaded"));
      deepStrictEqual(proxy.seen.filter(({ path }) => path !== "/v2/").map(({ path }) => path), [
        `/v2/${TINY_PATH}/manifests/${TINY_TAG}`,
      ]);
      ok(sameBytes(join(cwd, "b.ext4"), join(cwd, "layout.ext4")));

      proxy.seen.length = 0;
      await succeed([name, "-o", "c.ext4", "--offline", ...AMD64], { cwd, env });
      deepStrictEqual(proxy.seen, []);
      ok(sameBytes(join(cwd, "c.ext4"), join(cwd, "layout.ext4")));

      const before = filesBelow(join(directory, "xdg"));
      const TMPDIR = join(directory, "tmp");
      Deno.mkdirSync(TMPDIR);
      await succeed([name, "-o", "d.ext4", "--no-cache", ...AMD64], {
        cwd,
        env: { ...env, TMPDIR },
      });
      deepStrictEqual(filesBelow(join(directory, "xdg")), before);
      deepStrictEqual([...Deno.readDirSync(TMPDIR)], []);
    }),
);

toolTest(
  "the program needs no more than -R -W -E -N for registries",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ proxy, directory }) => {
      const permissions = ["-R", "-W", "-E", `-N=${proxy.host}`];
      const name = `${proxy.host}/${TINY_PATH}:${TINY_TAG}`;
      for (const more of [["--cache", "cache"], ["--no-cache"]]) {
        await succeed([name, "-o", "a.ext4", ...more, ...AMD64], { cwd: directory, permissions });
      }
      const refused = await runCli([name, "-o", "a.ext4", "--no-cache", ...AMD64], {
        cwd: directory,
        permissions: ["-R", "-W", "-E"],
      });
      strictEqual(refused.code, 7, refused.stderr);
      match(refused.stderr, /net/i);
    }),
);

toolTest(
  "two programs at once share a cache",
  REGISTRY_TOOLS,
  () =>
    withDirectory(async (directory) => {
      await using server = await startRegistry({ data: join(directory, "data") });
      const image = pushLargeImage(server, directory);
      const name = `${server.host}/${LARGE_PATH}:${LARGE_TAG}`;
      const args = ["--platform", LARGE_PLATFORM, "--cache", "cache"];
      const cwd = directory;
      await Promise.all(
        ["a", "b", "c"].map((it) => succeed([name, "-o", `${it}.ext4`, ...args], { cwd })),
      );
      await succeed([image.layout, "-o", "layout.ext4", ...args], { cwd });
      for (const it of ["a", "b", "c"]) {
        ok(sameBytes(join(cwd, `${it}.ext4`), join(cwd, "layout.ext4")));
      }
      ok(!filesBelow(join(directory, "cache")).some((it) => it.startsWith("partial/")));
    }),
);

toolTest(
  "after SIGKILL the next run goes on, after SIGTERM too",
  REGISTRY_TOOLS,
  (t) =>
    withDirectory(async (directory) => {
      await using server = await startRegistry({ data: join(directory, "data") });
      const image = pushLargeImage(server, directory);
      await using proxy = new FaultProxy(server.host);
      const newest = image.layers.at(-1)!;
      const name = `${proxy.host}/${LARGE_PATH}:${LARGE_TAG}`;
      const cwd = directory;
      await succeed([image.layout, "-o", "layout.ext4", "--platform", LARGE_PLATFORM], { cwd });
      for (const signal of ["SIGKILL", "SIGTERM"] as const) {
        for (const cacheArgs of [["--cache", `cache ${signal}`], ["--no-cache"]]) {
          await t.step(`${signal} with ${cacheArgs[0]}`, async () => {
            const TMPDIR = Deno.makeTempDirSync({ dir: directory, prefix: "tmp" });
            const options = { cwd, env: { TMPDIR } };
            const args = [name, "-o", "a.ext4", "--platform", LARGE_PLATFORM, ...cacheArgs];
            proxy.breakAlways(new RegExp(newest), stallAfter(5_000_000));
            const process = startCli(args, options);
            const place = cacheArgs.length === 1 ? TMPDIR : join(directory, cacheArgs[1]);
            await untilPartial(place, newest, 4_000_000);
            process.kill(signal);
            const { code, stderr } = await process.output();
            strictEqual(code, signal === "SIGKILL" ? 137 : 143, new TextDecoder().decode(stderr));
            if (signal === "SIGTERM") {
              deepStrictEqual([...Deno.readDirSync(TMPDIR)], []);
              ok(![...Deno.readDirSync(cwd)].some((entry) => entry.name.includes("a.ext4")));
            }
            proxy.breakAlways(/./, unchanged);
            await succeed(args, options);
            const { range } = proxy.seen.find(({ path }) => path.includes(newest))!;
            strictEqual(range !== null, cacheArgs.length === 2);
            ok(sameBytes(join(cwd, "a.ext4"), join(cwd, "layout.ext4")));
            deepStrictEqual([...Deno.readDirSync(TMPDIR)], []);
            if (cacheArgs.length === 2) {
              ok(!filesBelow(place).some((it) => it.startsWith("partial/")));
            }
            Deno.removeSync(join(cwd, "a.ext4"));
          });
        }
      }
    }),
);

toolTest(
  "a registry with passwords takes the one from standard input",
  REGISTRY_TOOLS,
  () =>
    withDirectory(async (directory) => {
      const data = join(directory, "data");
      {
        await using open = await startRegistry({ data });
        fillRegistry(open);
      }
      await using server = await startRegistry({ data, guard: { kind: "htpasswd" } });
      const name = `${server.host}/${TINY_PATH}:${TINY_TAG}`;
      const args = [name, "-o", "a.ext4", "--no-cache", ...AMD64];
      const cwd = directory;
      const DOCKER_CONFIG = join(directory, "docker");
      const withPassword = (password: string): CliOptions => ({
        cwd,
        env: { PASSWORD: password, DOCKER_CONFIG },
        wrapper: ["sh", "-c", 'printf "%s\\n" "$PASSWORD" | "$@"', "sh"],
      });
      const login = ["--username", USER, "--password-stdin"];
      await succeed([...args, ...login], withPassword(PASSWORD));

      const wrong = await runCli([...args, ...login, "--debug"], withPassword("not the one"));
      strictEqual(wrong.code, 10);
      match(wrong.stderr, /401/);
      ok(!wrong.stderr.includes("not the one"));
      const none = await runCli(args, { cwd, env: { DOCKER_CONFIG } });
      strictEqual(none.code, 10);
      match(none.stderr, /^oci2rootfs: Cannot read manifest .*(log ?in|credential|password)/im);

      for (
        const [odd, pattern] of [
          [["--username", USER], /belong together/],
          [["--password-stdin"], /belong together/],
          [[...login], /standard input is empty/],
          [["--client-cert", "x"], /belong together/],
          [["--cache", "x"], /exclude each other/],
          [["--offline"], /exclude each other/],
        ] as const
      ) {
        const result = await runCli([...args, ...odd], { cwd, env: { DOCKER_CONFIG } });
        strictEqual(result.code, 2, odd.join(" "));
        match(result.stderr, pattern);
      }
      Deno.mkdirSync(DOCKER_CONFIG);
      const auth = btoa(`${USER}:${PASSWORD}`);
      Deno.writeTextFileSync(
        join(DOCKER_CONFIG, "config.json"),
        JSON.stringify({ auths: { [server.host]: { auth } } }),
      );
      await succeed(args, { cwd, env: { DOCKER_CONFIG } });
    }),
);

toolTest(
  "pull writes what skopeo reads, byte for byte",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ proxy, directory }) => {
      const cwd = directory;
      const name = `${proxy.host}/${TINY_PATH}:${TINY_TAG}`;
      const cache = ["--cache", "cache"];
      const original = JSON.parse(Deno.readTextFileSync(join(TINY, "index.json")));

      const all = await succeed(
        ["pull", name, "-o", "all", "--all-platforms", "--json", ...cache],
        { cwd },
      );
      const { digest, blobCount } = JSON.parse(all.stdout);
      strictEqual(digest, original.manifests[0].digest);
      const blobs = filesBelow(join(cwd, "all")).filter((path) => path.startsWith("blobs/"));
      strictEqual(blobs.length, blobCount);
      for (const path of blobs) ok(sameBytes(join(cwd, "all", path), join(TINY, path)), path);
      strictEqual(blobCount, filesBelow(TINY).filter((path) => path.startsWith("blobs/")).length);

      await succeed(["pull", name, "-o", "one.tar", ...cache, ...AMD64], { cwd });
      for (const reference of ["oci:all", "oci-archive:one.tar"]) {
        const args = ["--insecure-policy", "--override-arch", "amd64", "copy", "--quiet"];
        mustRun("skopeo", [...args, `${reference}:${TINY_TAG}`, `dir:copy${reference.length}`], {
          cwd,
        });
        await succeed([`${reference}:${TINY_TAG}`, "-o", "a.ext4", ...AMD64], { cwd });
        await succeed([TINY, "-o", "b.ext4", ...AMD64], { cwd });
        ok(sameBytes(join(cwd, "a.ext4"), join(cwd, "b.ext4")));
      }
      const taken = await runCli(["pull", name, "-o", "all", ...cache], { cwd });
      strictEqual(taken.code, 6, taken.stderr);
      const local = await runCli(["pull", "oci:all", "-o", "x"], { cwd });
      strictEqual(local.code, 4, local.stderr);
      match(local.stderr, /not in a registry/);
    }),
);

toolTest(
  "inspect shows an image without loading its layers",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ proxy, server, directory }) => {
      const cwd = directory;
      const name = `${proxy.host}/${TINY_PATH}:${TINY_TAG}`;
      const cache = ["--cache", "cache"];
      fillRegistry(server, TINY_PATH, "other");
      const { stdout } = await succeed(["inspect", name, "--json", "--tags", ...cache, ...AMD64], {
        cwd,
      });
      const remote = JSON.parse(stdout);
      const local = JSON.parse((await succeed(["inspect", TINY, "--json", ...AMD64])).stdout);
      deepStrictEqual(remote, { ...local, reference: name, tags: [TINY_TAG, "other"] });
      strictEqual(remote.layers.length, 4);
      strictEqual(remote.config.config.User, "root");
      const blobs = proxy.seen.filter(({ path }) => path.includes("/blobs/"));
      deepStrictEqual(blobs.map(({ path }) => path.split("/").at(-1)), [
        remote.manifest.config.digest,
      ]);
      const text = await succeed(["inspect", name, "--referrers", ...cache, ...AMD64], { cwd });
      match(text.stdout, /^Digest: {5}sha256:[0-9a-f]{64}$/m);
      match(text.stdout, /^Entrypoint: \["\/bin\/hello"\]$/m);
      const offline = await succeed(["inspect", name, "--offline", "--json", ...cache, ...AMD64], {
        cwd,
      });
      deepStrictEqual({ ...JSON.parse(offline.stdout), tags: remote.tags }, remote);
      const listing = await runCli(["inspect", TINY, "--tags"]);
      strictEqual(listing.code, 2);
    }),
);

toolTest(
  "-v tells which mirrors were asked",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ server, proxy, directory }) => {
      const cwd = directory;
      const mirror = ["--registry-mirror", `example.invalid=http://${proxy.host}`];
      const name = `example.invalid/${TINY_PATH}:${TINY_TAG}`;
      await succeed([name, "-o", "a.ext4", "--no-cache", ...mirror, ...AMD64], { cwd });
      await succeed([TINY, "-o", "b.ext4", ...AMD64], { cwd });
      ok(sameBytes(join(cwd, "a.ext4"), join(cwd, "b.ext4")));
      const there = `${server.host}/${TINY_PATH}:${TINY_TAG}`;
      const broken = ["--registry-mirror", `${server.host}=http://127.0.0.1:9`];
      const args = ["inspect", there, "--no-cache", ...broken, ...AMD64];
      const told = await succeed([...args, "-v"], { cwd });
      match(told.stderr, /^oci2rootfs: note: mirror 127\.0\.0\.1:9.* is passed over/m);
      strictEqual((await succeed(args, { cwd })).stderr, "");
    }),
);

toolTest(
  "cache ls, verify and prune look after the cache",
  REGISTRY_TOOLS,
  () =>
    withRegistry(async ({ proxy, directory }) => {
      const cwd = directory;
      const name = `${proxy.host}/${TINY_PATH}:${TINY_TAG}`;
      const cache = ["--cache", "cache"];
      strictEqual(
        (await succeed(["cache", "ls", ...cache], { cwd })).stdout,
        "cache: 0 blobs, 0 B\n",
      );
      await succeed([name, "-o", "a.ext4", ...cache, ...AMD64], { cwd });
      const listed = JSON.parse(
        (await succeed(["cache", "ls", "--json", ...cache], { cwd })).stdout,
      );
      deepStrictEqual(listed.images.map(({ reference }: { reference: string }) => reference), [
        name,
      ]);
      match((await succeed(["cache", "ls", ...cache], { cwd })).stdout, /^127.*sha256:.* KiB$/m);
      match((await succeed(["cache", "verify", ...cache], { cwd })).stdout, /^verified 7 blobs/);

      const blob = listed.entries.find(({ sizeBytes }: { sizeBytes: number }) => sizeBytes === 398);
      Deno.writeFileSync(blob.path.replace(/^cache/, join(cwd, "cache")), new Uint8Array(398));
      const damaged = await runCli(["cache", "verify", ...cache], { cwd });
      strictEqual(damaged.code, 3);
      ok(damaged.stderr.includes(blob.digest));
      match((await succeed(["cache", "verify", ...cache], { cwd })).stdout, /^verified 6 blobs/);

      const small = ["--cache-size", "2K"];
      await succeed([name, "-o", "a.ext4", ...cache, ...small, ...AMD64], { cwd });
      const left = JSON.parse((await succeed(["cache", "ls", "--json", ...cache], { cwd })).stdout);
      ok(left.totalBytes <= 2048 && left.totalBytes > 0);
      await succeed(["cache", "prune", ...cache], { cwd });
      deepStrictEqual(filesBelow(join(cwd, "cache")), []);
    }),
);

/** Waits until an unfinished file of a blob has so many bytes. */
async function untilPartial(place: string, digest: string, sizeBytes: number): Promise<void> {
  const hex = digest.slice(digest.indexOf(":") + 1);
  for (let i = 0; i < 1500; i++) {
    try {
      const file = filesBelow(place).find((path) => path.includes(`partial/sha256-${hex}`));
      if (file !== undefined && Deno.statSync(join(place, file)).size >= sizeBytes) return;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Cannot find ${sizeBytes} bytes of ${digest} in "${place}": they never came`);
}

function denoDirectory(): string {
  const info = new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).outputSync();
  return JSON.parse(new TextDecoder().decode(info.stdout)).denoDir;
}
