import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileDigest } from "../handmade_layout.ts";
import { mustRun } from "../run_tool.ts";
import { toolTest } from "../tools.ts";
import { convertReference, withConverted } from "./converted_image.ts";
import { withGzipCopy } from "./gzip_copy.ts";
import { differencesFromOracle } from "./oracle_compare.ts";
import { UMOCI_UNPACK_NEEDS, withUmociUnpacked } from "./umoci_unpack.ts";

const TINY = new URL("../../testdata/layouts/tiny", import.meta.url).pathname;
const ARCHIVES = new URL("../../testdata/archives", import.meta.url).pathname;
const NEEDS = [...UMOCI_UNPACK_NEEDS, "skopeo", "mount:ext4"];

/** Converts the tiny image of a processor, and unpacks it by umoci. */
async function withBoth(
  architecture: string,
  use: (image: string, directory: string) => void,
): Promise<void> {
  await withConverted(TINY, async ({ path }) => {
    await withGzipCopy(`oci:${TINY}:tiny`, async (layout, tag) => {
      await withUmociUnpacked(layout, tag, (directory) => use(path, directory));
    }, { architecture });
  }, { platform: `linux/${architecture}` });
}

for (const architecture of ["amd64", "arm64"]) {
  toolTest(
    `convert() makes of the tiny ${architecture} image what umoci makes`,
    NEEDS,
    async () => {
      await withBoth(architecture, (image, directory) => {
        strictEqual(readFileSync(`${directory}/etc/tiny-arch`, "utf8"), `ARCH=${architecture}\n`);
        deepStrictEqual(differencesFromOracle(image, directory), []);
      });
    },
  );
}

/** Each changes one thing in the unpacked directory; the line that must show it. */
const FAULTS: readonly { name: string; command: string; shows: RegExp }[] = [
  { name: "a missing name", command: "rm etc/tiny-arch", shows: /^\/etc\/tiny-arch: only in a/ },
  { name: "a further name", command: "mkfifo -m 644 opt/x", shows: /^\/opt\/x: only in b/ },
  { name: "a kind", command: "rm opt/old && mkfifo opt/old", shows: /^\/opt\/old: kind/ },
  { name: "a mode", command: "chmod u-s usr/bin/hello", shows: /^\/usr\/bin\/hello: permissions/ },
  { name: "a directory's mode", command: "chmod 0777 tmp", shows: /^\/tmp: permissions/ },
  { name: "an owner", command: "chown 1 etc/passwd", shows: /^\/etc\/passwd: uid/ },
  { name: "a group", command: "chgrp 1 etc/passwd", shows: /^\/etc\/passwd: gid/ },
  { name: "a link's owner", command: "chown -h 1 lib", shows: /^\/lib: uid/ },
  { name: "a size", command: "truncate -s +1 etc/passwd", shows: /^\/etc\/passwd: size/ },
  {
    name: "a nanosecond",
    command: "touch -d '2026-01-02 03:09:05.123456788' etc/tiny-arch",
    shows: /^\/etc\/tiny-arch: mtime/,
  },
  { name: "a directory's time", command: "touch -d @5 usr/share", shows: /^\/usr\/share: mtime/ },
  { name: "the root's time", command: "touch -d @5 .", shows: /^\/: mtime/ },
  {
    name: "a byte of a file",
    command: "printf X | dd of=usr/share/doc/tiny/changelog bs=1 seek=12345 conv=notrunc",
    shows: /^\/usr\/share\/doc\/tiny\/changelog: content/,
  },
  {
    name: "a link's target",
    command: "ln -sfn usr/Lib lib && touch -hd '2026-01-02 03:04:05' lib",
    shows: /^\/lib: target/,
  },
  {
    name: "a device",
    command: "rm dev/null && mknod -m 666 dev/null c 1 4",
    shows: /^\/dev\/null: device/,
  },
  {
    name: "a lost attribute",
    command: "setcap -r usr/lib/libtiny.so.1",
    shows: /^\/usr\/lib\/libtiny\.so\.1: xattr security\.capability: .* \| absent/,
  },
  {
    name: "a further attribute",
    command: "setfattr -n user.x -v 1 etc/passwd",
    shows: /^\/etc\/passwd: xattr user\.x: absent/,
  },
  {
    name: "another ACL",
    command: "setfacl -m u:1000:r var/lib/tiny/state",
    shows: /^\/var\/lib\/tiny\/state: xattr system\.posix_acl_access/,
  },
  {
    name: "a hard link that is a copy",
    command: "cp -p usr/bin/hello x && mv x usr/bin/hello-linked",
    shows: /^\/usr\/bin\/hello-linked: link/,
  },
  {
    name: "a link count",
    command: "ln etc/passwd ../one-more",
    shows: /^\/etc\/passwd: linkCount/,
  },
];

toolTest(
  "differencesFromOracle() shows every kind of difference",
  [...NEEDS, "setfattr", "setfacl", "setcap"],
  async (t) => {
    for (const { name, command, shows } of FAULTS) {
      await t.step(name, async () => {
        await withBoth("amd64", (image, directory) => {
          mustRun("sh", ["-c", `set -e; ${command}`], { cwd: directory });
          const found = differencesFromOracle(image, directory);
          ok(found.some((line) => shows.test(line)), `found only:\n${found.join("\n")}`);
        });
      });
    }
  },
);

Deno.test("convert() makes the same bytes of the tiny image from a layout and every archive", async () => {
  const work = Deno.makeTempDirSync({ prefix: "tiny_archives_" });
  try {
    const references = [
      TINY,
      `oci:${TINY}:tiny`,
      `oci-archive:${ARCHIVES}/tiny.oci.tar:tiny`,
      `${ARCHIVES}/tiny.oci.tar`,
      `docker-archive:${ARCHIVES}/tiny.skopeo.docker.tar:example.org/tiny:1`,
      `${ARCHIVES}/tiny.docker_old.tar`,
      `${ARCHIVES}/tiny.docker_new.tar`,
    ];
    const digests: string[] = [];
    for (const reference of references) {
      const { path } = await convertReference(reference, `${work}/image.ext4`, {
        platform: "linux/amd64",
        identity: "the same",
        ext4: { free: { bytes: 0 } },
      });
      digests.push(fileDigest(path).digest);
    }
    deepStrictEqual(digests, references.map(() => digests[0]));
  } finally {
    Deno.removeSync(work, { recursive: true });
  }
});
