/**
 * The cpio matrix: every case before our reader, GNU cpio and bsdtar.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { cpio } from "../../src/format/cpio/format.ts";
import { openCpio } from "../../src/format/cpio/reader.ts";
import { displayByteString } from "../../src/bytes/byte_string.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind, NO_XATTRS } from "../../src/tree/inode.ts";
import { toolStep } from "../tools.ts";
import { ARCHIVE_CASES } from "./archive_cases.ts";
import { complaintsAbout, extractedComplaints } from "./archive_judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

for (const archiveCase of ARCHIVE_CASES) {
  Deno.test(`cpio: ${archiveCase.name}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = archiveCase.build();
      // Paths beyond what the kernel takes are refused.
      if (/200 levels/.test(archiveCase.name)) return;
      const format = cpio({ onLoss: "report" });
      const { notices } = await writeTree(format, tree, plainSink(image), archiveCase.write);
      const losses = takeOutLosses(tree);
      deepStrictEqual(notices.map(({ code }) => code), losses);
      await toolStep(context, "reader", [], async () => {
        const reader = await openCpio(fileSource(image), () => {});
        deepStrictEqual(complaintsAbout(tree, { tree: reader.tree, reader }, []), []);
        reader.close();
      });
      await toolStep(context, "GNU cpio", ["root", "cpio"], () => {
        const args = () => ["-idmu", "--quiet", "--no-absolute-filenames"];
        const input = Deno.readFileSync(image);
        // It gives directories their times before it makes files in them, links none, and makes one
        // file of each name of a link; where it extracts to stays as it is.
        const complaints = extractedComplaints("cpio", args, tree, ["linkCount"], input);
        deepStrictEqual(complaints.filter((it) => !isAboutTimeOrLink(it, tree)), []);
      });
      await toolStep(context, "bsdtar", ["root", "bsdtar"], () => {
        if (/every byte|of 255 bytes/.test(archiveCase.name)) return;
        const args = (directory: string) => ["--numeric-owner", "-xpf", image, "-C", directory];
        const complaints = extractedComplaints("bsdtar", args, tree, ["linkCount"]);
        // It knows no sockets, and does not set the time of where it extracts to.
        const known = /^\/: mtime:|: kind: socket \| regular/;
        deepStrictEqual(complaints.filter((it) => !known.test(it)), []);
      });
    });
  });
}

function isAboutTimeOrLink(complaint: string, tree: FileTree<unknown>): boolean {
  const [path, field] = complaint.slice(1).split(": ");
  for (const entry of walk(tree)) {
    if (displayByteString(entry.path) !== path) continue;
    if (entry.inode.kind === FileKind.directory) return path === "" || field === "mtime";
    return entry.inode.kind === FileKind.symlink && (field === "mtime" || field === "link");
  }
  return false;
}

/** Leaves what a cpio has; answers the notices that this takes. */
function takeOutLosses(tree: FileTree<unknown>): string[] {
  let hasXattrs = false;
  let hasTimes = false;
  for (const { inode } of walk(tree)) {
    hasXattrs ||= inode.xattrs.length > 0;
    inode.xattrs = NO_XATTRS;
    const seconds = Math.min(2 ** 32 - 1, Math.max(0, inode.mtimeSeconds));
    hasTimes ||= seconds !== inode.mtimeSeconds;
    inode.mtimeSeconds = seconds;
    inode.mtimeNanoseconds = 0;
  }
  return [hasXattrs, hasTimes].filter((it) => it).map(() => "LOSS");
}
