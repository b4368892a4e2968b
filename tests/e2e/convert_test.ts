import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { CLI, namesIn, runCli, TINY, withDirectory } from "./cli_process.ts";

toolTest(
  "the program makes an image that e2fsck has nothing to say about",
  ["e2fsck"],
  () =>
    withDirectory(async (directory) => {
      const output = `${directory}/rootfs.ext4`;
      const result = await runCli([TINY, "-o", output, "--label", "tiny"]);
      strictEqual(result.code, 0, result.stderr);
      strictEqual(result.stdout, "");
      match(result.stderr, /rootfs\.ext4: ext4, .* files from 4 layers, linux\//);
      deepStrictEqual(namesIn(directory), ["rootfs.ext4"]);
      mustRun("e2fsck", ["-fn", output]);
    }),
);

Deno.test("the program gives the same bytes each time, and others for another SOURCE_DATE_EPOCH", () =>
  withDirectory(async (directory) => {
    const images: Uint8Array[] = [];
    for (const [name, epoch] of [["a.ext4", ""], ["b.img", ""], ["c.ext4", "1000000000"]]) {
      const options = { cwd: directory, env: { SOURCE_DATE_EPOCH: epoch } };
      const result = await runCli([TINY, "-o", name, "-q"], options);
      deepStrictEqual(result, { code: 0, stdout: "", stderr: "" });
      images.push(Deno.readFileSync(`${directory}/${name}`));
    }
    ok(equalBytes(images[0], images[1]));
    ok(!equalBytes(images[0], images[2]));
  }));

Deno.test("--json reports what was made", () =>
  withDirectory(async (directory) => {
    const output = `${directory}/rootfs.ext4`;
    const uuid = "01234567-89ab-cdef-0123-456789abcdef";
    const args = [TINY, "-o", output, "--json", "-q", "--size", "16M", "--uuid", uuid];
    const result = await runCli(args);
    strictEqual(result.code, 0, result.stderr);
    strictEqual(result.stderr, "");
    const report = JSON.parse(result.stdout);
    match(report.digest, /^sha256:[0-9a-f]{64}$/);
    match(report.platform, /^linux\//);
    strictEqual(report.output, output);
    strictEqual(report.image.format, "ext4");
    strictEqual(report.image.imageSize, 16 * 1024 * 1024);
    strictEqual(report.image.details.uuid, uuid);
    strictEqual(report.layers.length, 4);
    for (const layer of report.layers) {
      ok(layer.size > 0 && layer.uncompressedSize > layer.size && layer.entries > 0);
      match(layer.digest, /^sha256:/);
      match(layer.diffId, /^sha256:/);
    }
    ok(report.counts.regular > 0 && report.counts.directory > 0 && report.counts.symlink > 0);
    ok(Array.isArray(report.notices));
    ok(report.timings.totalSeconds > 0);
    strictEqual(Deno.statSync(output).size, report.image.imageSize);
  }));

Deno.test("--dry-run writes nothing, needs no output, and foretells the size", () =>
  withDirectory(async (directory) => {
    const dry = await runCli([TINY, "--dry-run", "--json"], { cwd: directory });
    strictEqual(dry.code, 0, dry.stderr);
    match(dry.stderr, /^dry run: ext4, /m);
    const named = await runCli([TINY, "--dry-run", "-o", "x.ext4"], { cwd: directory });
    strictEqual(named.code, 0, named.stderr);
    deepStrictEqual(namesIn(directory), []);
    const real = await runCli([TINY, "-o", "x.ext4"], { cwd: directory });
    strictEqual(real.code, 0, real.stderr);
    const report = JSON.parse(dry.stdout);
    strictEqual(report.output, null);
    strictEqual(report.image.imageSize, Deno.statSync(`${directory}/x.ext4`).size);
  }));

Deno.test("-v shows minor notices, -q none", () =>
  withDirectory(async (directory) => {
    const minor = /note: Parent directory .* goes through a symbolic link/;
    for (const [flag, isShown] of [["-v", true], ["--no-flag", false], ["-q", false]] as const) {
      const flags = flag === "--no-flag" ? [] : [flag];
      const result = await runCli([TINY, "-o", "x.ext4", ...flags], { cwd: directory });
      strictEqual(result.code, 0, result.stderr);
      strictEqual(minor.test(result.stderr), isShown, result.stderr);
    }
  }));

Deno.test("archives and layouts of one image give the same files", () =>
  withDirectory(async (directory) => {
    const archives = new URL("../../testdata/archives/", import.meta.url).pathname;
    const counts: unknown[] = [];
    for (
      const reference of [
        `oci:${TINY}:tiny`,
        `oci-archive:${archives}tiny.oci.tar`,
        `${archives}tiny.docker_old.tar`,
        `docker-archive:${archives}tiny.docker_new.tar`,
        `docker-archive:${archives}tiny.skopeo.docker.tar`,
      ]
    ) {
      const result = await runCli(
        [reference, "-o", "x.ext4", "--json", "-q", "--platform", "linux/amd64"],
        { cwd: directory },
      );
      strictEqual(result.code, 0, result.stderr);
      counts.push(JSON.parse(result.stdout).counts);
    }
    for (const count of counts) deepStrictEqual(count, counts[0]);
  }));

Deno.test("--debug logs what the program does", () =>
  withDirectory(async (directory) => {
    const result = await runCli([TINY, "-o", "x.ext4", "--debug"], { cwd: directory });
    strictEqual(result.code, 0, result.stderr);
    match(result.stderr, /\[DBG\].*image .*sha256:/);
  }));

Deno.test("the program needs to read the input and write the output, and nothing else", () =>
  withDirectory(async (directory) => {
    const output = `${directory}/out`;
    Deno.mkdirSync(output);
    const variables = "-E=SOURCE_DATE_EPOCH,NO_COLOR,TERM";
    const formats = [
      ["x.ext4"],
      ["x.squashfs", "--on-loss", "report"],
      ["x.erofs", "--compression", "lz4"],
    ];
    for (const [name, ...options] of formats) {
      const args = [TINY, "-o", `${output}/${name}`, ...options, "-q", "--workers"];
      // A worker is one more program that is loaded: it needs to read its module.
      for (const [workers, source] of [["0", ""], ["2", `,${CLI.replace(/cli\.ts$/, "src")}`]]) {
        const enough = await runCli([...args, workers], {
          permissions: [`-R=${TINY},${output}${source}`, `-W=${output}`, variables],
        });
        deepStrictEqual(enough, { code: 0, stdout: "", stderr: "" }, name);
      }
    }
    const tooFew = await runCli([TINY, "-o", `${output}/x.ext4`, "-q", "--workers", "0"], {
      permissions: [`-R=${TINY},${output}`],
    });
    strictEqual(tooFew.code, 7, tooFew.stderr);
    match(tooFew.stderr, /sandbox refuses it.*\nhint: .*-W/);
  }));

toolTest(
  "progress is drawn on a terminal only, and leaves the summary alone",
  ["script"],
  () =>
    withDirectory((directory) => {
      const command = `"${Deno.execPath()}" run -A --no-check "${CLI}" "${TINY}" -o out.ext4`;
      const typed = (flags: string) =>
        mustRun("script", ["-qec", `${command} ${flags}`, "/dev/null"], {
          cwd: directory,
          env: { TERM: "xterm" },
        });
      const drawn = typed("");
      match(drawn, /layers \d\/4/);
      match(drawn, /100% writing the file system/);
      // The last thing before the summary is to go back over what was drawn.
      const summary = drawn.split("\x1b[1A\r\x1b[0J").at(-1)!;
      match(summary, /^out\.ext4: ext4, .*\r\n$/);
      ok(!typed("-q").includes("\x1b"));
    }),
);

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
