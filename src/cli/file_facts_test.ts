import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { FileKind, Inode } from "../tree/inode.ts";
import { fileJson, modeLetters, timeText } from "./file_facts.ts";

Deno.test("modeLetters() spells kinds and permissions as ls does", () => {
  const letters = (kind: FileKind, permissions: number) =>
    modeLetters(new Inode(kind, permissions));
  strictEqual(letters(FileKind.regular, 0o644), "-rw-r--r--");
  strictEqual(letters(FileKind.directory, 0o1777), "drwxrwxrwt");
  strictEqual(letters(FileKind.regular, 0o6755), "-rwsr-sr-x");
  strictEqual(letters(FileKind.regular, 0o7000), "---S--S--T");
  strictEqual(letters(FileKind.blockDevice, 0o660), "brw-rw----");
  strictEqual(letters(FileKind.characterDevice, 0), "c---------");
  strictEqual(letters(FileKind.fifo, 0o7), "p------rwx");
  strictEqual(letters(FileKind.socket, 0o70), "s---rwx---");
  strictEqual(letters(FileKind.symlink, 0o777), "lrwxrwxrwx");
});

Deno.test("timeText() writes UTC, and seconds beyond the calendar", () => {
  strictEqual(timeText(0, 5, "long-iso"), "1970-01-01 00:00");
  strictEqual(timeText(1767323345, 123456789, "full-iso"), "2026-01-02 03:09:05.123456789 +0000");
  strictEqual(timeText(-1, 500_000_000, "full-iso"), "1969-12-31 23:59:59.500000000 +0000");
  strictEqual(timeText(12, 5, "epoch"), "12.000000005");
  strictEqual(timeText(2 ** 52, 1, "full-iso"), "@4503599627370496.000000001");
  strictEqual(timeText(400_000_000_000, 0, "long-iso"), "@400000000000.000000000");
  strictEqual(timeText(-100_000_000_000, 0, "long-iso"), "@-100000000000.000000000");
});

Deno.test("fileJson() says what a file is", () => {
  const device = new Inode(FileKind.blockDevice, 0o660);
  device.deviceMajor = 8;
  device.deviceMinor = 1;
  device.linkCount = 2;
  device.xattrs = [{ name: "user.\xe9", value: new Uint8Array([1, 0xab]) }];
  deepStrictEqual(fileJson("dev/sda1", device, false), {
    path: "/dev/sda1",
    type: "blockDevice",
    mode: "0660",
    nlink: 2,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: "1970-01-01T00:00:00.000000000Z",
    rdev: "8:1",
  });
  const all = fileJson("dev/sda1", device, true);
  deepStrictEqual(all.xattrs, { "user.\udce9": "0x01ab" });
  strictEqual(all.atime, "1970-01-01T00:00:00.000000000Z");
  const link = new Inode(FileKind.symlink, 0o777);
  link.target = "a\xff";
  strictEqual(fileJson("l", link, false).target, "a\udcff");
});
