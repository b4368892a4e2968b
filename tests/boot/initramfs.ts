/**
 * An initramfs of this project's own writer: busybox, modules of the kernel, programs, a script.
 *
 * @module
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { convert } from "../../src/convert/convert.ts";
import { cpio } from "../../src/format/cpio/format.ts";
import { openImage } from "../../src/transport/open_image.ts";
import { plainSink } from "../conformance/plain_sink.ts";
import { guestKernel, modulesInOrder } from "./guest_kernel.ts";
import { copyPrograms } from "./host_programs.ts";

/** What is in an initramfs besides busybox. */
export interface InitramfsContent {
  /** What the first process does when devices are there and modules are loaded: a shell script. */
  readonly script: string;
  /** Modules of the kernel; those that they need are found. */
  readonly modules?: readonly string[];
  /** Programs of this machine. */
  readonly programs?: readonly string[];
}

/** Makes the initramfs at `path`; everything waits in `path.tree` meanwhile. */
export async function makeInitramfs(path: string, content: InitramfsContent): Promise<void> {
  const tree = `${path}.tree`;
  for (const name of ["bin", "modules", "proc", "sys", "dev", "tmp", "mnt"]) {
    mkdirSync(join(tree, name), { recursive: true });
  }
  copyPrograms(tree, ["busybox", ...content.programs ?? []]);
  const files = modulesInOrder(guestKernel(), content.modules ?? []);
  files.forEach((file, i) => {
    copyFileSync(file, `${tree}/modules/${String(i).padStart(2, "0")}-${basename(file)}`);
  });
  writeFileSync(`${tree}/init`, `${SET_UP}${content.script}\n`);
  chmodSync(`${tree}/init`, 0o755);
  const image = await openImage(`dir:${tree}`);
  try {
    await convert(image, cpio({ onLoss: "report" }), plainSink(path));
  } finally {
    await image.close();
    rmSync(tree, { recursive: true });
  }
}

// The programs come first: busybox has a smaller one of many names.
const SET_UP = `#!/usr/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/busybox
/usr/bin/busybox mkdir /busybox
/usr/bin/busybox --install -s /busybox
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
for module in /modules/*; do
  [ ! -e "$module" ] || insmod "$module" || exit
done
`;
