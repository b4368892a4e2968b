import { deepStrictEqual, match, rejects, strictEqual, throws } from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { fileSource } from "../io/file_source.ts";
import { openArchive } from "./archive_store.ts";
import { type FileStore, readStoredFile } from "./file_store.ts";
import { spoolArchive } from "./spooled_archive.ts";
import { type TarMember, tarOf, withDirectory } from "./layout_fixture.ts";

const encode = (text: string) => new TextEncoder().encode(text);

/** Opens an archive of these bytes, and closes it after `body`. */
function withArchive(bytes: Uint8Array, body: (store: FileStore) => void): Promise<void> {
  return withDirectory(async (directory) => {
    const path = join(directory, "archive");
    writeFileSync(path, bytes);
    const store = await openArchive(path);
    try {
      body(store);
    } finally {
      store.close();
    }
  });
}

function textOf(store: FileStore, path: string): string | null {
  const file = store.find(path);
  return file === null ? null : new TextDecoder().decode(readStoredFile(file));
}

/** An extended header of type `x` or `g`. */
function pax(type: string, keyword: string, value: string): TarMember {
  const rest = encode(` ${keyword}=${value}\n`).length;
  let length = rest + 1;
  while (`${length}`.length + rest !== length) length++;
  return { name: "pax", type, body: encode(`${length} ${keyword}=${value}\n`) };
}

Deno.test("openArchive() finds members as ranges of the archive", async () => {
  const bytes = tarOf([
    { name: "./", type: "5" },
    { name: "./index.json", body: encode("{}") },
    { name: "//a///b/./c", body: encode("abc") },
    { name: "empty" },
  ]);
  await withArchive(bytes, (store) => {
    strictEqual(textOf(store, "index.json"), "{}");
    strictEqual(textOf(store, "a/b/c"), "abc");
    strictEqual(textOf(store, "empty"), "");
    strictEqual(store.find("nothing"), null);
    deepStrictEqual(store.find("index.json"), {
      location: { kind: "file", path: store.name, offset: 1024 },
      size: 2,
    });
  });
});

Deno.test("of several members with one name the last counts", async () => {
  const bytes = tarOf([
    { name: "a", body: encode("old") },
    { name: "b", body: encode("b") },
    { name: "./a", body: encode("new") },
  ]);
  await withArchive(bytes, (store) => strictEqual(textOf(store, "a"), "new"));
});

Deno.test("links lead to other members, never out of the archive", async () => {
  const bytes = tarOf([
    { name: "x/layer.tar", type: "2", target: "../y/layer.tar" },
    { name: "y/layer.tar", body: encode("layer") },
    { name: "hard", type: "1", target: "./y/layer.tar" },
    { name: "chain", type: "2", target: "x/layer.tar" },
    { name: "dangling", type: "2", target: "nowhere" },
    { name: "out", type: "2", target: "../../etc/passwd" },
    { name: "absolute", type: "2", target: "/etc/passwd" },
    { name: "hard-out", type: "1", target: "../etc/passwd" },
    { name: "round", type: "2", target: "round" },
    { name: "there", type: "2", target: "back" },
    { name: "back", type: "2", target: "there" },
    { name: "directory", type: "5" },
  ]);
  await withArchive(bytes, (store) => {
    for (const name of ["x/layer.tar", "hard", "chain"]) strictEqual(textOf(store, name), "layer");
    strictEqual(store.find("dangling"), null);
    for (const name of ["out", "absolute", "hard-out"]) {
      throws(() => store.find(name), { code: "UNSAFE_PATH" }, name);
    }
    for (const name of ["round", "there"]) throws(() => store.find(name), { code: "CORRUPT" });
    throws(() => store.find("directory"), { code: "CORRUPT", message: /no regular file/ });
    for (const name of ["../x", "/y/layer.tar", "", "a\0b"]) {
      throws(() => store.find(name), { code: "UNSAFE_PATH" }, name);
    }
  });
});

Deno.test("long names and sizes come from GNU and PAX headers", async () => {
  const long = `${"d".repeat(90)}/${"f".repeat(120)}`;
  const bytes = tarOf([
    { name: "././@LongLink", type: "L", body: encode(`${long}-gnu\0`) },
    { name: long.slice(0, 100), body: encode("gnu") },
    pax("x", "path", `${long}-pax`),
    { name: "short", body: encode("pax") },
    pax("g", "comment", "nothing"),
    { name: "after", body: encode("after") },
  ]);
  await withArchive(bytes, (store) => {
    strictEqual(textOf(store, `${long}-gnu`), "gnu");
    strictEqual(textOf(store, `${long}-pax`), "pax");
    strictEqual(textOf(store, "after"), "after");
    strictEqual(store.find("short"), null);
  });
  // A size in a PAX record goes before the header's.
  const [header] = [tarOf([pax("x", "size", "5"), { name: "a" }]).subarray(0, 1536)];
  const body = new Uint8Array(512);
  body.set(encode("12345"));
  await withArchive(joined(header, body, tarOf([{ name: "b" }])), (store) => {
    strictEqual(textOf(store, "a"), "12345");
    strictEqual(textOf(store, "b"), "");
  });
});

Deno.test("an archive that ends inside a member is refused with the offset", async () => {
  const whole = tarOf([{ name: "a", body: new Uint8Array(1000) }, { name: "b" }]);
  for (const size of [513, 1511]) {
    await rejects(withArchive(whole.subarray(0, size), () => {}), {
      code: "CORRUPT",
      message: /it ends at byte \d+, expected 1000 bytes of "a" from byte 512$/,
      where: { offset: 0 },
    });
  }
  await rejects(withArchive(whole.subarray(0, 1536 + 100), () => {}), {
    code: "CORRUPT",
    where: { offset: 1536 },
  });
  // End blocks and the padding of the last member may be missing.
  for (const size of [1512, 1536, 2048, 2560]) {
    await withArchive(whole.subarray(0, size), (store) => strictEqual(store.find("a")?.size, 1000));
  }
});

Deno.test("a broken header in the middle is refused", async () => {
  const bytes = tarOf([{ name: "a" }, { name: "b" }]);
  bytes[512] ^= 0xff;
  await rejects(withArchive(bytes, () => {}), { code: "CORRUPT", message: /at byte 512/ });
  const pending = tarOf([pax("x", "path", "x")]);
  await rejects(withArchive(pending, () => {}), { code: "CORRUPT", message: /extended header/ });
});

Deno.test("a size beyond the end of the archive, or negative, is refused", async () => {
  for (
    const size of [
      "\x80\0\0\0\0\x10\0\0\0\0\0\0",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ]
  ) {
    const bytes = tarOf([{ name: "a" }]);
    for (let i = 0; i < 12; i++) bytes[124 + i] = size.charCodeAt(i);
    bytes.fill(0x20, 148, 156);
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bytes.set(encode(sum.toString(8).padStart(6, "0") + "\0 "), 148);
    await rejects(withArchive(bytes, () => {}), { code: "CORRUPT" });
  }
});

Deno.test("what is no archive is described by its first bytes", async () => {
  await rejects(withArchive(encode("#!/bin/sh\n"), () => {}), {
    code: "NOT_FOUND",
    message: /begins with the bytes 23212f62696e2f73, expected a tar archive/,
  });
  await rejects(withArchive(new Uint8Array(), () => {}), { code: "NOT_FOUND", message: /empty/ });
  await rejects(withArchive(new Uint8Array(4096), () => {}), { code: "NOT_FOUND" });
  // By the name that was given, not by that of the temporary file.
  await rejects(withArchive(gzipSync(encode("#!/bin/sh\n")), () => {}), {
    code: "NOT_FOUND",
    message: /^Cannot open image "[^"]*(?<!archive\.tar)": it begins with/,
  });
});

Deno.test("compressed archives are spooled, and the temporary file is deleted", async () => {
  const tar = tarOf([{ name: "a", body: encode("text") }, {
    name: "z",
    body: new Uint8Array(1e6),
  }]);
  const twoMembers = joined(gzipSync(tar.subarray(0, 5000)), gzipSync(tar.subarray(5000)));
  for (const bytes of [gzipSync(tar), zstdCompressSync(tar), twoMembers]) {
    let spooled = "";
    await withArchive(bytes, (store) => {
      strictEqual(textOf(store, "a"), "text");
      const location = store.find("z")!.location;
      spooled = location.kind === "file" ? location.path : "";
      strictEqual(existsSync(spooled), true);
      match(store.name, /\/archive$/);
    });
    strictEqual(existsSync(dirname(spooled)), false);
  }
  await rejects(withArchive(gzipSync(encode("no tar")), () => {}), { code: "NOT_FOUND" });
});

Deno.test("a spool that fails or is cancelled leaves nothing behind", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "archive.tar.gz");
    const parent = join(directory, "temporary");
    mkdirSync(parent);
    const spool = async (bytes: Uint8Array, signal?: AbortSignal) => {
      writeFileSync(path, bytes);
      const source = fileSource(path);
      try {
        return await spoolArchive(path, source, signal, parent);
      } finally {
        source.close();
      }
    };
    const whole = gzipSync(tarOf([{ name: "z", body: new Uint8Array(4e6) }]));
    const spooled = await spool(whole);
    strictEqual(readdirSync(parent).length, 1);
    spooled.remove();
    spooled.remove();
    deepStrictEqual(readdirSync(parent), []);

    await rejects(spool(whole.subarray(0, -20)), { code: "CORRUPT" });
    deepStrictEqual(readdirSync(parent), []);

    const reason = new Error("stop");
    const controller = new AbortController();
    const spooling = spool(whole, controller.signal);
    setTimeout(() => controller.abort(reason), 0);
    await rejects(spooling, reason);
    deepStrictEqual(readdirSync(parent), []);
    await rejects(openArchive(path, AbortSignal.abort(reason)), reason);

    rmSync(parent, { recursive: true });
    await rejects(spool(whole), { code: "NOT_FOUND", message: /temporary/ });
  });
});

function joined(...pieces: Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
