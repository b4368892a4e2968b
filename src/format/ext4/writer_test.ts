import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import {
  add,
  addFile,
  assertClean,
  type BuildTree,
  everyKind,
  EXT4_TOOLS,
  run,
  withImage,
} from "../../../tests/ext4_image.ts";
import { toolTest } from "../../../tests/tools.ts";
import { ImageError } from "../../image_error.ts";
import { FileKind } from "../../tree/inode.ts";
import { ext4, type Ext4Options } from "./format.ts";
import { readSuperblock, type Superblock, SUPERBLOCK_SIZE } from "./superblock.ts";

function superblockAt(path: string, position: number): Superblock {
  const file = openSync(path, "r");
  const bytes = new Uint8Array(SUPERBLOCK_SIZE);
  readSync(file, bytes, 0, SUPERBLOCK_SIZE, position);
  closeSync(file);
  return readSuperblock(new DataView(bytes.buffer), 0);
}

function ext4Test(name: string, fn: () => Promise<void>): void {
  toolTest(name, EXT4_TOOLS, fn);
}

for (const blockSize of [1024, 2048, 4096]) {
  ext4Test(
    `e2fsck finds nothing in an image with every kind of file and blocks of ${blockSize}`,
    async () => {
      await withImage({ blockSize, label: "root" }, everyKind, ({ path, report }) => {
        assertClean(path);
        const facts = run("dumpe2fs", path);
        match(facts, /Filesystem volume name: +root\n/);
        match(facts, new RegExp(`Block size: +${blockSize}\n`));
        match(facts, new RegExp(`Free blocks: +${report.details.freeBlocks}\n`));
        strictEqual(Number(report.details.freeBlocks) * blockSize >= 64 << 20, true);
      });
    },
  );
}

ext4Test("an empty tree is a clean image with nothing but lost+found", async () => {
  await withImage({ free: { bytes: 0 } }, () => {}, ({ path, report }) => {
    assertClean(path);
    match(run("debugfs", "-R", "ls -l /", path), / 11 +40700 .* 16384 .* lost\+found/);
    strictEqual(report.imageSize < 1 << 20, true, `${report.imageSize}`);
  });
});

ext4Test("the requested room is free, to the block", async () => {
  for (const bytes of [0, 1, 5_000_000, 300 << 20]) {
    await withImage({ free: { bytes } }, everyKind, ({ path, report }) => {
      assertClean(path);
      const free = Number(report.details.freeBlocks) * 4096;
      strictEqual(free >= bytes, true, `${free}`);
    });
  }
});

ext4Test("lost+found of the tree keeps its metadata and content", async () => {
  await withImage({}, (writer, { root }) => {
    const found = add(root, "lost+found", FileKind.directory);
    found.permissions = 0o711;
    addFile(writer, found, "saved", new Uint8Array(5).fill(0x21));
  }, ({ path }) => {
    assertClean(path);
    match(run("debugfs", "-R", "ls -l /", path), / 11 +40711 .* lost\+found/);
    match(run("debugfs", "-R", "cat /lost+found/saved", path), /!!!!!/);
  });
});

ext4Test("data across backup groups leaves their superblocks in place", async () => {
  await withImage({ blockSize: 1024 }, (writer, { root }) => {
    for (let i = 0; i < 12; i++) {
      addFile(writer, root, `f${i}`, ...Array(5).fill(new Uint8Array(1 << 20).fill(i + 1)));
    }
  }, ({ path }) => {
    assertClean(path);
    for (const group of [1, 3, 5, 7]) {
      const copy = superblockAt(path, (1 + group * 8192) * 1024);
      strictEqual(copy.blockGroupNumber, group);
      const { checksum, ...others } = superblockAt(path, 1024);
      deepStrictEqual({ ...copy, blockGroupNumber: 0 }, { ...others, checksum: copy.checksum });
      strictEqual(copy.checksum === checksum, false);
      const place = ["-o", `superblock=${1 + group * 8192}`, "-o", "blocksize=1024"];
      match(run("dumpe2fs", "-h", ...place, path), /Block size/);
    }
  });
});

ext4Test("released content is zero in the image and its blocks are used again", async () => {
  const secret = new TextEncoder().encode("SECRET--".repeat(10_000));
  await withImage({ free: { bytes: 1 << 20 } }, (writer, { root }) => {
    for (let i = 0; i < 5; i++) {
      const dead = writer.beginFile(secret.length);
      dead.write(secret);
      const content = dead.end();
      addFile(writer, root, `live-${i}`, new Uint8Array(5000).fill(1));
      writer.release(content);
    }
  }, ({ path }) => {
    assertClean(path);
    strictEqual(readFileSync(path).includes("SECRET"), false);
  });
});

ext4Test(
  "a journal is empty, has its backup in the superblock, and is written as a hole",
  async () => {
    const cases: [Ext4Options, blocks: number][] = [
      [{ journal: "auto" }, 1024],
      [{ journal: "auto", blockSize: 1024 }, 4096],
      [{ journal: 8_388_608 + 100 }, 2048],
      [{ journal: "auto", size: 1 << 30 }, 8192],
      // 2.5 GiB: 20 extents and more, so that the journal has an extent tree in a block.
      [{ journal: 2560 * 2 ** 20 }, 655_360],
    ];
    for (const [options, blocks] of cases) {
      await withImage(options, everyKind, ({ path, report }) => {
        assertClean(path);
        const facts = run("dumpe2fs", path);
        match(facts, new RegExp(`Total journal blocks: +${blocks}\n`));
        match(facts, /Journal backup: +inode blocks\n/);
        match(facts, /Journal start: +0\n/);
        // i_block of the journal's inode, then its size in two words.
        const { journalBlocks } = superblockAt(path, 1024);
        const words = new DataView(journalBlocks.buffer);
        const bytes = blocks * Number(report.details.blockSize);
        strictEqual(words.getUint16(0, true), 0xf30a);
        strictEqual(words.getUint32(60, true) * 2 ** 32 + words.getUint32(64, true), bytes);
        strictEqual(report.writtenBytes < 24 << 20, true, `${report.writtenBytes}`);
      });
    }
    await withImage({ journal: "auto", size: 1 << 20 }, () => {}, ({ path, report, notices }) => {
      assertClean(path);
      deepStrictEqual(notices.map(({ code }) => code), ["NO_JOURNAL"]);
      strictEqual(/has_journal/.test(String(report.details.features)), false);
    });
    throws(() => ext4({ journal: 4095 * 1024 }), RangeError);
  },
);

ext4Test("a fixed size is kept, and one that is too small says how much is missing", async () => {
  const build: BuildTree = (writer, { root }) => {
    for (let i = 0; i < 40; i++) addFile(writer, root, `f${i}`, new Uint8Array(500_000).fill(1));
  };
  await withImage({ size: 64 << 20 }, build, ({ path, report }) => {
    assertClean(path);
    strictEqual(report.imageSize, 64 << 20);
  });
  for (const blockSize of [1024, 4096]) {
    let needed = 0;
    await rejects(
      withImage({ size: 2_000_000, blockSize }, build, () => {}),
      (error) => {
        if (!(error instanceof ImageError && error.code === "OUT_OF_SPACE")) return false;
        needed = Number(/at least (\d+)$/.exec(error.message)![1]);
        match(error.message, new RegExp(`: ${needed - 2_000_000} bytes are missing`));
        return true;
      },
    );
    await withImage({ size: needed, blockSize }, build, ({ path }) => assertClean(path));
  }
});

ext4Test("a fixed size with a short last group is clean at every length of it", async () => {
  for (let extra = 0; extra < 400; extra += 37) {
    const size = (8193 + extra) * 1024 + 5;
    await withImage({ size, blockSize: 1024 }, () => {}, ({ path, report }) => {
      assertClean(path);
      strictEqual(report.imageSize, size);
    });
  }
});

ext4Test("a 1 TiB image with little in it is written in a few megabytes", async () => {
  await withImage({ size: 2 ** 40 }, everyKind, ({ path, report }) => {
    strictEqual(report.writtenBytes < 24 << 20, true, `${report.writtenBytes}`);
    match(run("dumpe2fs", "-h", path), /Block count: +268435456\n/);
  });
});

ext4Test("two runs give the same bytes, other options another UUID", async () => {
  const shots: string[] = [];
  const uuids: unknown[] = [];
  for (const label of ["a", "a", "b"]) {
    await withImage({ label }, everyKind, ({ path, report }) => {
      shots.push(run("sha256sum", path).split(" ")[0]);
      uuids.push(report.details.uuid);
    });
  }
  strictEqual(shots[0], shots[1]);
  strictEqual(uuids[0] === uuids[2], false);
});

ext4Test("what ext4 cannot hold is an error with its path", async () => {
  const cases: [string, string, RegExp, BuildTree][] = [
    ["LIMIT_EXCEEDED", `d/${"n".repeat(256)}`, /256 bytes/, (_, { root }) => {
      add(add(root, "d", FileKind.directory), "n".repeat(256));
    }],
    ["UNSAFE_PATH", "d/..", /name ".."/, (_, { root }) => {
      add(add(root, "d", FileKind.directory), "..");
    }],
    ["UNSAFE_PATH", "a/b", /name "a\/b"/, (_, { root }) => {
      add(root, "a/b");
    }],
    ["UNSAFE_PATH", "", /name ""/, (_, { root }) => {
      add(root, "");
    }],
    ["LIMIT_EXCEEDED", "link", /target of 4096 bytes/, (_, { root }) => {
      add(root, "link", FileKind.symlink).target = "t".repeat(4096);
    }],
    ["LIMIT_EXCEEDED", "device", /4096:0/, (_, { root }) => {
      add(root, "device", FileKind.blockDevice).deviceMajor = 4096;
    }],
    ["UNSUPPORTED", "f", /"system.nfs4_acl"/, (_, { root }) => {
      add(root, "f").xattrs = [{ name: "system.nfs4_acl", value: new Uint8Array(4) }];
    }],
    ["CORRUPT", "f", /"system.posix_acl_access": version is 0/, (_, { root }) => {
      add(root, "f").xattrs = [{ name: "system.posix_acl_access", value: new Uint8Array(4) }];
    }],
    ["LIMIT_EXCEEDED", "names/65000", /more than 65000 names/, (_, { root }) => {
      const file = add(root, "a");
      const names = add(root, "names", FileKind.directory);
      for (let i = 0; i < 65000; i++) names.children!.set(`${10000 + i}`, file);
      names.children!.set("65000", file);
    }],
  ];
  for (const [code, path, message, build] of cases) {
    await rejects(withImage({}, build, () => {}), (error) => {
      if (!(error instanceof ImageError)) throw error;
      strictEqual(error.code, code);
      match(error.message, message);
      if (code !== "LIMIT_EXCEEDED" || !path.startsWith("names")) {
        strictEqual(error.where.path, path);
      }
      return true;
    });
  }
});

ext4Test("times outside of what ext4 can hold are moved into it with one notice", async () => {
  await withImage({}, (_, { root }) => {
    add(root, "early").mtimeSeconds = -(2 ** 31) - 1;
    add(root, "late").mtimeSeconds = 2 ** 34;
    add(root, "last").mtimeSeconds = 3 * 2 ** 32 + 2 ** 31 - 1;
  }, ({ path, notices }) => {
    assertClean(path);
    deepStrictEqual(notices.map(({ code, where }) => [code, where?.path]), [["CLAMPED", "early"]]);
    match(notices[0].message, /Files: 2;/);
  });
});
