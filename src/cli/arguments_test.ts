import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { parseArguments } from "./arguments.ts";
import { recordedTerminal } from "./terminal_fixture.ts";
import { UsageError } from "./usage_error.ts";
import { VERSION } from "./version.ts";

function parsed(...args: string[]) {
  const command = parseArguments(args, recordedTerminal());
  ok(command?.command === "convert");
  return command;
}

function written(...args: string[]): string {
  const terminal = recordedTerminal();
  strictEqual(parseArguments(args, terminal), null);
  strictEqual(terminal.error, "");
  return terminal.output;
}

Deno.test("parseArguments() reads every option of the main form", () => {
  const line = "image -o out.ext4 --format ext4 --force --dry-run --json --size 1.5G --free 20% " +
    "--read-only --journal 64M --hash-seed 01234567-89AB-cdef-0123-456789abcdef " +
    "--inode-size 512 --inodes 7 --inode-ratio 8K --reserved-percent 2.5 --compat 4.14 --fs-verity " +
    "--digests " +
    "--features=-64bit,+read-only " +
    "--block-size 2K --label root --uuid RANDOM --platform linux/arm/v6 --workers 3 --memory 1M " +
    "--username alice --password-stdin --registry-token t --insecure --ca-cert a.pem " +
    "--ca-cert b.pem --client-cert c.pem --client-key k.pem " +
    "--registry-mirror docker.io=https://one.example --registry-mirror x:5000=http://two/p " +
    "--jobs 2 --cache cache --no-cache --cache-size 1G --offline --allow-foreign-urls " +
    "--add a:/b --exclude *.pyc --chown 1:2 --uid-map 0:1:2 --gid-map 3:4:5 --mtime @6 " +
    "--clamp-mtime --hostname vm --dns ::1 --hosts db:::2 --init i --config-out c.json " +
    "--verity=f --verity-algorithm sha512 --verity-salt 00ff " +
    "--verity-uuid 01234567-89AB-cdef-0123-456789abcdef --verity-data-block-size 1K " +
    "--verity-hash-block-size 2K --partition gpt --partition-label os --vhd --qcow2 zstd";
  const found: Record<string, unknown> = { ...parsed(...line.split(" ")) };
  const expected = {
    command: "convert",
    image: "image",
    output: "out.ext4",
    format: "ext4",
    force: true,
    dryRun: true,
    json: true,
    size: 1610612736,
    free: { percent: 20 },
    readOnly: true,
    journal: 67108864,
    hashSeed: "01234567-89ab-cdef-0123-456789abcdef",
    inodeSize: 512,
    inodes: 7,
    inodeRatio: 8192,
    reservedPercent: 2.5,
    compat: "4.14",
    fsVerity: true,
    digests: true,
    features: "-64bit,+read-only",
    blockSize: 2048,
    label: "root",
    uuid: "random",
    platform: { os: "linux", architecture: "arm", variant: "v6" },
    verifyDiffIds: false,
    symlinkedParents: "follow",
    keepDirlinks: false,
    oneFileSystem: false,
    keepHostLabels: false,
    dockerRoot: undefined,
    dockerSocket: undefined,
    storageRoot: undefined,
    containerdRoot: undefined,
    add: [{ from: "a", to: "/b" }],
    exclude: ["*.pyc"],
    chown: { uid: 1, gid: 2 },
    uidMap: [{ from: 0, to: 1, count: 2 }],
    gidMap: [{ from: 3, to: 4, count: 5 }],
    mtime: 6,
    clampMtime: true,
    hostname: "vm",
    dns: ["::1"],
    hosts: [{ name: "db", address: "::2" }],
    init: "i",
    initFromConfig: false,
    configOut: "c.json",
    username: "alice",
    passwordStdin: true,
    registryToken: "t",
    insecure: true,
    caCert: ["a.pem", "b.pem"],
    clientCert: "c.pem",
    clientKey: "k.pem",
    registryMirror: [
      { registry: "docker.io", url: "https://one.example" },
      { registry: "x:5000", url: "http://two/p" },
    ],
    jobs: 2,
    cache: "cache",
    noCache: true,
    cacheSize: 1073741824,
    offline: true,
    allowForeignUrls: true,
    workers: 3,
    memory: 1048576,
    quiet: false,
    verbose: false,
    debug: false,
    verity: "f",
    verityAlgorithm: "sha512",
    veritySalt: "00ff",
    verityUuid: "01234567-89ab-cdef-0123-456789abcdef",
    verityDataBlockSize: 1024,
    verityHashBlockSize: 2048,
    partition: "gpt",
    partitionLabel: "os",
    vhd: true,
    qcow2: "zstd",
  };
  // Options that none of the line is about, those of other formats say, are not set.
  for (const [name, value] of Object.entries(found)) {
    if (!(name in expected)) ok(value === undefined || value === false, `${name} is ${value}`);
  }
  deepStrictEqual(
    Object.fromEntries(Object.keys(expected).map((name) => [name, found[name]])),
    expected,
  );
  const bare = parsed("x", "--verity", "--qcow2");
  deepStrictEqual([bare.verity, bare.qcow2], ["", "none"]);
  const rest = parsed("--verify-diff-ids", "--symlinked-parents=replace", "--keep-dirlinks", "x");
  deepStrictEqual(
    [rest.verifyDiffIds, rest.symlinkedParents, rest.keepDirlinks, rest.output],
    [true, "replace", true, undefined],
  );
  deepStrictEqual(parsed("-vo", "-", "--", "-x").image, "-x");
});

Deno.test("parseArguments() refuses what makes no sense, in one line", () => {
  const wrong: [string, RegExp][] = [
    ["", /without an image/],
    ["a b -o c", /"b" behind image "a"/],
    ["lss a", /"a" behind image "lss": expected .*command/],
    ["a -o x.ext4 --verity f", /"f" behind image "a".*--verity=FILE/],
    ["composefs", /^Expected a command/],
    ["composefs oci", /^Expected a command/],
    ["composefs nope", /`nope`/],
    ["cache", /^Expected a command/],
    ["cat a", /at least one "PATH"/],
    ["a -o", /requires/],
    ["a --bogus", /--bogus/],
    ["a --outptu=x", /Did you mean `--output`/],
    ["a --format ext5", /"ext4"/],
    ["a --size 10x", /Cannot parse size "10x"/],
    ["a --free -5", /./],
    ["a --block-size 3K", /power of two/],
    ["a --hash-seed random", /Cannot parse UUID "random"/],
    ["a --inode-size 300", /128/],
    ["a --reserved-percent 51", /50/],
    ["a --journal=x", /Cannot parse size "x"/],
    ["a --uuid 123", /Cannot parse UUID "123"/],
    ["a --platform linux", /os\/architecture/],
    ["a --workers -1", /workers/],
    ["a --workers 1.5", /workers/],
    ["a --add x", /HOST:\/GUEST/],
    ["a --add x:/y:9", /HOST:\/GUEST/],
    ["a --add x:/y:755:1", /HOST:\/GUEST/],
    ["a --chown root", /UID:GID/],
    ["a --uid-map 0:1", /FROM:TO:COUNT/],
    ["a --mtime yesterday", /TIME|time "yesterday"/],
    ["a --hosts db", /NAME:ADDRESS/],
    ["a -v -v", /multiple/],
    ["completion", /SHELL/],
    ["completion csh", /"bash"/],
  ];
  for (const [line, pattern] of wrong) {
    throws(
      () => parseArguments(line.split(" ").filter(Boolean), recordedTerminal()),
      (error: unknown) => {
        ok(error instanceof UsageError, `${line}: ${error}`);
        match(error.message, pattern);
        ok(!error.message.includes("\n") && !error.message.endsWith("."), error.message);
        return true;
      },
    );
  }
});

Deno.test("parseArguments() answers --version and --help on standard output", () => {
  strictEqual(written("--version"), `${VERSION}\n`);
  const help = written("--help");
  for (const word of ["Usage: oci2rootfs", "--output", "Examples:", "completion", "--json"]) {
    ok(help.includes(word), word);
  }
  ok(!help.includes("--completion"));
});

Deno.test("parseArguments() shows what a command must be given, and names it where that is wrong", () => {
  const lines: [string, string][] = [
    ["--help", "-o OUT IMAGE [OPTIONS] oci2rootfs COMMAND [OPTIONS]"],
    ["ls --help", "ls IMAGE [PATH...] [OPTIONS]"],
    ["pull --help", "pull -o/--output DIR|FILE.tar IMAGE [OPTIONS]"],
    ["cache --help", "cache COMMAND [OPTIONS]"],
    ["composefs --help", "composefs COMMAND [OPTIONS]"],
    ["composefs copy --help", "composefs copy --from DIR IMAGE [OPTIONS]"],
    ["completion --help", "completion SHELL"],
  ];
  for (const [line, usage] of lines) {
    const [found] = written(...line.split(" ")).split("Usage: oci2rootfs ")[1].split("\n\n");
    strictEqual(found.replace(/\s+/g, " ").replaceAll("[ ", "["), usage);
  }
  const wrong: [string, string][] = [
    ["ls", "ls"],
    ["cache rm", "cache"],
    ["composefs pull", "composefs pull"],
    ["image --bogus", ""],
  ];
  for (const [line, command] of wrong) {
    throws(() => parseArguments(line.split(" "), recordedTerminal()), { command });
  }
  // Other commands have options of a like name.
  throws(
    () => parseArguments(["composefs", "fsck", "--bogus"], recordedTerminal()),
    (error: UsageError) => !error.message.includes("Did you mean"),
  );
  const help = written("composefs", "copy", "--help");
  for (const option of ["--zerocopy", "--repo DIR", "--debug"]) ok(help.includes(option), option);
});

Deno.test("parseArguments() takes the examples of its help", () => {
  const terminal = { ...recordedTerminal(), width: () => 200 };
  parseArguments(["--help"], terminal);
  const examples = [...terminal.output.matchAll(/`oci2rootfs ([^`]*)`/g)];
  ok(examples.length > 10);
  for (const [, example] of examples) {
    const [args] = example.split(" > ");
    ok(
      parseArguments(args.split(" "), recordedTerminal()) !== null || /help|comp/.test(args),
      args,
    );
  }
});

Deno.test("parseArguments() writes completion scripts, and answers them", () => {
  for (const shell of ["bash", "zsh", "fish", "pwsh", "nu"]) {
    const script = written("completion", shell);
    ok(script.includes("oci2rootfs") && script.includes("--completion"), shell);
  }
  match(written("--completion", "bash", "x", "--form"), /--format/);
  match(written("--completion", "bash", "x", "--format", ""), /^ext4$/m);
});

Deno.test("parseArguments() knows pull, inspect and cache", () => {
  const commands: [string, string][] = [
    ["pull nginx -o layout --all-platforms --jobs 1", "pull"],
    ["pull nginx -o layout.tar --platform linux/arm64 --json -q", "pull"],
    ["inspect nginx --json --tags --referrers --insecure", "inspect"],
    ["inspect ./layout --offline", "inspect"],
    ["cache ls --json", "cache ls"],
    ["cache prune --cache-size 1G --cache x", "cache prune"],
    ["cache verify -v", "cache verify"],
    ["./pull -o x.ext4", "convert"],
  ];
  for (const [line, command] of commands) {
    strictEqual(parseArguments(line.split(" "), recordedTerminal())?.command, command, line);
  }
  for (
    const line of ["pull nginx", "inspect", "cache", "cache rm", "pull a b -o x", "x --jobs 0"]
  ) {
    throws(() => parseArguments(line.split(" "), recordedTerminal()), UsageError, line);
  }
  for (const mirror of ["x", "=https://x", "docker.io=x", "docker.io=ftp://x"]) {
    throws(() => parsed("x", "--registry-mirror", mirror), UsageError, mirror);
  }
});

Deno.test("parseArguments() knows the commands that look into images", () => {
  const read = (...args: string[]) => parseArguments(args, recordedTerminal()) as object;
  const subset = (found: object, expected: Record<string, unknown>) =>
    deepStrictEqual(
      Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(found, key)])),
      expected,
    );
  subset(read("ls", "-lRa", "x.ext4", "/etc", "/usr", "--platform", "linux/arm64"), {
    command: "ls",
    image: "x.ext4",
    paths: ["/etc", "/usr"],
    long: true,
    recursive: true,
    all: true,
    directory: false,
    timeStyle: "long-iso",
    platform: { os: "linux", architecture: "arm64" },
  });
  subset(read("cat", "x", "/a", "--json"), { command: "cat", paths: ["/a"], json: true });
  subset(read("stat", "-L", "x", "/a"), { command: "stat", dereference: true });
  subset(read("tree", "x", "-L", "2"), { command: "tree", level: 2, path: undefined });
  subset(read("dump", "x", "--digests"), { command: "dump", digests: true });
  subset(read("extract", "x", "/etc", "-o", "-"), {
    command: "extract",
    path: "/etc",
    output: "-",
    // The format decides: users who are not root cannot make all of a directory.
    onLoss: undefined,
    force: false,
  });
  subset(
    read("diff", "a", "b", "--ignore", "mtime", "--ignore", "xattrs:user.a", "--also", "nlink"),
    {
      command: "diff",
      a: "a",
      b: "b",
      ignore: ["mtime", "xattrs:user.a"],
      also: ["nlink"],
      ignorePath: [],
    },
  );
  subset(read("verify", "a", "--ignore-path", "@docker-export"), {
    command: "verify",
    image: "a",
    reference: undefined,
    ignorePath: ["@docker-export"],
  });
  throws(() => read("cat", "x"), UsageError);
  throws(() => read("diff", "a"), UsageError);
  throws(() => read("diff", "a", "b", "--ignore", "colour"), UsageError);
  throws(() => read("extract", "x"), UsageError);
});
