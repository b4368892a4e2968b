import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { bytesOf } from "../src/bytes/byte_string.ts";
import { FileKind } from "../src/tree/inode.ts";
import { MountedTree } from "./mounted_tree.ts";
import { mustRun } from "./run_tool.ts";
import { toolTest } from "./tools.ts";

toolTest("MountedTree sees what the kernel shows", ["root", "setfattr", "mknod", "touch"], () => {
  const directory = Deno.makeTempDirSync({ prefix: "mounted_tree_" });
  try {
    writeFileSync(`${directory}/file`, "content");
    mustRun("touch", ["-d", "1969-12-31T23:59:58.123456789Z", `${directory}/file`]);
    mustRun("setfattr", ["-n", "user.colour", "-v", "blue", `${directory}/file`]);
    mustRun("setfattr", ["-n", "trusted.empty", `${directory}/file`]);
    mustRun("chown", ["65536:70000", `${directory}/file`]);
    mustRun("chmod", ["4751", `${directory}/file`]);
    linkSync(`${directory}/file`, `${directory}/second name`);
    mkdirSync(`${directory}/deep/er`, { recursive: true });
    symlinkSync("to/nowhere", `${directory}/deep/link`);
    mustRun("mknod", [`${directory}/deep/device`, "b", "300", "70000"]);
    mustRun("sh", ["-c", `touch "${directory}/deep/$(printf '\\377\\001')"`]);
    writeFileSync(`${directory}/sparse`, "");
    truncateSync(`${directory}/sparse`, 2 ** 33);

    using mounted = new MountedTree(directory);
    const { root } = mounted.tree;
    deepStrictEqual([...root.children!.keys()].sort(), ["deep", "file", "second name", "sparse"]);
    const file = root.children!.get("file")!;
    strictEqual(file, root.children!.get("second name"));
    strictEqual(file.linkCount, 2);
    strictEqual(file.kind, FileKind.regular);
    strictEqual(file.permissions, 0o4751);
    deepStrictEqual([file.uid, file.gid], [65536, 70000]);
    deepStrictEqual([file.mtimeSeconds, file.mtimeNanoseconds], [-2, 123456789]);
    deepStrictEqual(file.xattrs, [
      { name: "trusted.empty", value: new Uint8Array(0) },
      { name: "user.colour", value: bytesOf("blue") },
    ]);
    const bytes = new Uint8Array(10);
    strictEqual(mounted.read(file.content!, bytes, 1), 6);
    deepStrictEqual(bytes.subarray(0, 6), bytesOf("ontent"));

    const deep = root.children!.get("deep")!;
    strictEqual(deep.linkCount, 3);
    const device = deep.children!.get("device")!;
    deepStrictEqual([device.deviceMajor, device.deviceMinor], [300, 70000]);
    strictEqual(deep.children!.get("link")!.target, "to/nowhere");
    notStrictEqual(deep.children!.get("\xff\x01"), undefined);

    const sparse = root.children!.get("sparse")!;
    strictEqual(sparse.size, 2 ** 33);
    strictEqual(mounted.seekData(sparse.content!, 0), Infinity);
    strictEqual(mounted.seekData(file.content!, 3), 3);
  } finally {
    rmSync(directory, { recursive: true });
  }
});
