import { match, strictEqual } from "node:assert/strict";
import { LossError } from "../format/loss.ts";
import { RegistryError } from "../source/registry/registry_error.ts";
import { type ErrorSubject, ImageError } from "../image_error.ts";
import { errorText, noticeText } from "./error_text.ts";
import { EXIT_CODES, exitCodeOf } from "./exit_code.ts";
import { Interruption } from "./interruption.ts";
import { UsageError } from "./usage_error.ts";

const QUIET = {
  debug: false,
  command: "",
  isDevice: false,
  canForce: true,
};

Deno.test("errorText() says what and where in one line", () => {
  const error = new ImageError("CORRUPT", "Cannot read tar header: checksum is 1, expected 2")
    .at({ source: "image.tar", layer: "2 (sha256:0123456789ab)", path: "etc/passwd", offset: 512 });
  strictEqual(
    errorText(error, QUIET),
    "oci2rootfs: Cannot read tar header: checksum is 1, expected 2 " +
      '(image.tar, layer 2 (sha256:0123456789ab), path "etc/passwd", offset 512)\n',
  );
});

Deno.test("errorText() does not repeat a place that the message names", () => {
  const error = new ImageError("CORRUPT", 'Cannot read index "a/index.json": it is empty')
    .at({ source: "a/index.json" });
  strictEqual(errorText(error, QUIET), `oci2rootfs: ${error.message}\n`);
});

Deno.test("errorText() lists what there is to choose from, a line each", () => {
  const error = new ImageError("AMBIGUOUS", "Cannot choose, expected one of:\n  a\n  b\x1b");
  strictEqual(
    errorText(error.at({ source: "x.tar" }), QUIET),
    "oci2rootfs: Cannot choose, expected one of: (x.tar)\n  a\n  b\\u001b\n",
  );
});

Deno.test("errorText() lets no name of the input move the cursor or add a line", () => {
  const error = new ImageError("UNSAFE_PATH", "Cannot use path").at({ path: "a\n\x1b[2Jb\u202e" });
  strictEqual(
    errorText(error, QUIET),
    'oci2rootfs: Cannot use path (path "a\\u000a\\u001b[2Jb\\u202e")\n',
  );
});

Deno.test("errorText() adds a hint where a fix is known", () => {
  const hint = (error: unknown, context = QUIET) => errorText(error, context).split("\n")[1];
  match(hint(new LossError("owner", "a", "Cannot write owner")), /^hint: --on-loss report/);
  strictEqual(hint(new ImageError("UNSUPPORTED", "Cannot write")), "");
  match(hint(new ImageError("OUT_OF_SPACE", "Cannot place")), /^hint: choose a larger --size/);
  const full = new ImageError("OUT_OF_SPACE", "Cannot write", { cause: new Error("ENOSPC") });
  match(hint(full), /^hint: make room/);
  const device = { ...QUIET, isDevice: true };
  match(hint(new ImageError("OUT_OF_SPACE", "Cannot write"), device), /larger device/);
  const unknown = (source: string) => hint(new RegistryError("Cannot connect").at({ source }));
  match(unknown("nope/dir"), /^hint: nothing is at the path "nope\/dir"/);
  match(unknown("image.tar:v1"), /nothing is at the path/);
  match(unknown("layout"), /nothing is at the path "layout"/);
  for (const name of ["nginx:1.27", "registry.example/app", "docker://a/b"]) {
    strictEqual(unknown(name), "", name);
  }
  match(unknown("testdata:v1"), /"\.\/testdata:v1" means the path/);
  const ambiguous = (source: string) =>
    hint(new ImageError("AMBIGUOUS", "x", { where: { source }, subject: "image" }));
  match(ambiguous("docker-archive:a.tar"), / IMAGE:TAG/);
  match(ambiguous("./testdata"), / IMAGE:TAG/);
  match(ambiguous("testdata"), / \.\/IMAGE:TAG or \.\/IMAGE@DIGEST/);
  strictEqual(hint(new ImageError("NOT_FOUND", "Cannot find")), "");
  strictEqual(hint(new ImageError("AMBIGUOUS", "Cannot choose")), "");
  strictEqual(hint(new ImageError("EXISTS", "Cannot write")), "");
  for (const subject of ["directory", "device"] as const) {
    const inTheWay = new ImageError("EXISTS", "x", { subject });
    strictEqual(hint(inTheWay, { ...QUIET, canForce: false }), "");
  }
  match(hint(new UsageError("Cannot")), /"oci2rootfs --help"/);
  match(hint(new UsageError("Cannot"), { ...QUIET, command: "ls" }), /"oci2rootfs ls --help"/);
  match(hint(new UsageError("Cannot", { command: "cache ls" })), /"oci2rootfs cache ls --help"/);
  const sandbox = new ImageError("PERMISSION", "x", { cause: new Deno.errors.NotCapable("x") });
  match(hint(sandbox), /-R and -W.*-N/);
});

const SUBJECTS: readonly [ErrorSubject, RegExp][] = [
  ["image", /^hint: choose one as IMAGE:TAG or IMAGE@DIGEST$/],
  ["name", /^hint: choose one as docker-archive:FILE:NAME$/],
  ["platform", /^hint: choose one by --platform$/],
  ["file", /^hint: the command ls /],
  ["repository", /^hint: "oci2rootfs composefs init" .*--repo DIR/],
  ["object", /^hint: "oci2rootfs composefs fsck" /],
  ["directory", /^hint: --force replaces a directory/],
  ["device", /^hint: --force overwrites a block device/],
  ["cache", /^hint: one run without --offline /],
];
for (const [subject, expected] of SUBJECTS) {
  Deno.test(`errorText() helps with what is missing or in the way: ${subject}`, () => {
    const error = new ImageError("NOT_FOUND", "Cannot find", { subject });
    match(errorText(error, { ...QUIET, command: "composefs" }).split("\n")[1], expected);
  });
}

Deno.test("errorText() tells of a repository only whoever asked for one that is there", () => {
  const hints = (error: ImageError, command: string) =>
    errorText(error, { ...QUIET, command }).split("\n").length;
  const missing = new ImageError("NOT_FOUND", "x", { subject: "repository" });
  const refused = new ImageError("PERMISSION", "x", { subject: "repository" });
  strictEqual(hints(missing, "composefs"), 3);
  strictEqual(hints(missing, "ls"), 2);
  strictEqual(hints(refused, "composefs"), 2);
});

Deno.test("errorText() owns up to a bug, and shows its trace only with --debug", () => {
  const bug = new TypeError("x is undefined", { cause: new Error("deeper") });
  strictEqual(
    errorText(bug, QUIET),
    "oci2rootfs: internal error: TypeError: x is undefined\n" +
      "hint: this is a bug, please report it with what --debug prints\n",
  );
  const debug = errorText(bug, { ...QUIET, debug: true });
  match(debug, /\n {4}at .*error_text_test\.ts/);
  match(debug, /\ncaused by: Error: deeper\n/);
});

Deno.test("errorText() with --debug ends on errors that cause one another", () => {
  const a = new Error("a");
  a.cause = new Error("b", { cause: a });
  match(errorText(a, { ...QUIET, debug: true }), /caused by: Error: b/);
});

Deno.test("noticeText() is one line", () => {
  const notice = { code: "LOSS", message: "Left out\n", where: { path: "a" } } as const;
  strictEqual(noticeText(notice), 'oci2rootfs: note: Left out\\u000a (path "a")\n');
});

Deno.test("exitCodeOf() gives each group of errors its own documented code", () => {
  const codes: [unknown, number][] = [
    [new ImageError("CORRUPT", ""), 3],
    [new ImageError("DIGEST_MISMATCH", ""), 3],
    [new ImageError("UNSAFE_PATH", ""), 3],
    [new ImageError("UNSUPPORTED", ""), 4],
    [new ImageError("LIMIT_EXCEEDED", ""), 4],
    [new ImageError("NOT_FOUND", ""), 5],
    [new ImageError("AMBIGUOUS", ""), 5],
    [new ImageError("EXISTS", ""), 6],
    [new ImageError("PERMISSION", ""), 7],
    [new ImageError("OUT_OF_SPACE", ""), 8],
    [new ImageError("IO", ""), 9],
    [new ImageError("REGISTRY", ""), 10],
    [new UsageError(""), 2],
    [new TypeError(""), 70],
    ["text", 70],
    [new Interruption("SIGINT"), 130],
    [new Interruption("SIGTERM"), 143],
  ];
  for (const [error, code] of codes) {
    strictEqual(exitCodeOf(error), code);
    strictEqual(code in EXIT_CODES, true);
  }
});
