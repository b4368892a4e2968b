/**
 * A container image whose program says how it was started.
 *
 * @module
 */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { tarArchive } from "../../src/layer/tar/tar_fixture.ts";
import { type HandmadeImage, writeLayout } from "../handmade_layout.ts";
import { findTool } from "../tools.ts";

const PROGRAM = 'id; pwd; hostname; printf "%s|" "$@"; echo "$A_B"; readlink /proc/$$/fd/1; ' +
  "echo kept >/data/file; cat /data/file; exit 7";
const APPLETS = [
  ...["sh", "env", "id", "hostname", "cat", "mount", "mkdir", "ln", "ip", "readlink"],
  ...["sync", "poweroff", "reboot", "chown", "setpriv", "start-stop-daemon", "su", "pwd"],
];

/** Writes the image as the only one of an OCI layout. */
export function writeStartedImage(layout: string): void {
  const image: HandmadeImage = {
    tag: "app",
    layers: [{
      tar: tarArchive([
        ...["bin", "etc", "data"].map((path) => ({
          path: `${path}/`,
          type: "5",
          mode: 0o777,
        })),
        { path: "bin/busybox", body: readFileSync(findTool("busybox")!), mode: 0o755 },
        ...APPLETS.map((name) => ({ path: `bin/${name}`, type: "2", target: "busybox" })),
        { path: "etc/passwd", body: "root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/srv:\n" },
        { path: "etc/group", body: "app:x:1001:\nmore:x:1005:foo,app\n" },
      ]),
      compression: "gzip",
    }],
    config: {
      Entrypoint: ["/bin/sh", "-c", PROGRAM, "sh"],
      Cmd: ["it's", ""],
      Env: ["PATH=/bin", "A_B=$(x) '\""],
      WorkingDir: "/srv/made/",
      User: "app",
    },
  };
  writeLayout(layout, [image]);
}

/** What the console shows of it from the program's first line on. */
export function assertStarted(console: string, { isReadOnly }: { isReadOnly: boolean }): void {
  const lines = console.split("\n");
  const first = lines.findIndex((line) => line.startsWith("uid="));
  ok(first >= 0, console);
  const expected = [
    "uid=1000(app) gid=1001(app) groups=1001(app),1005(more)",
    "/srv/made",
    "vm",
    "it's||$(x) '\"",
    "/dev/console",
    ...isReadOnly ? [] : ["kept"],
  ];
  const said = lines.slice(first).filter((line) =>
    !/Read-only file system|No such file/.test(line)
  );
  deepStrictEqual(said.slice(0, expected.length), expected, console);
  match(console, /^init: the program has ended with status 7$/m);
  ok(!console.includes("Kernel panic"), console);
}
