/**
 * The cpio matrix: every case before our reader, GNU cpio and bsdtar.
 *
 * @module
 */
import { deepStrictEqual, rejects } from "node:assert/strict";
import { cpio } from "../../src/format/cpio/format.ts";
import { openCpio } from "../../src/format/cpio/reader.ts";
import { displayByteString } from "../../src/bytes/byte_string.ts";
import { ImageError } from "../../src/image_error.ts";
import { fileSource } from "../../src/io/file_source.ts";
import { type FileTree, walk } from "../../src/tree/file_tree.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { toolStep } from "../tools.ts";
import { ARCHIVE_CASES, takeOutCpioLosses } from "./archive_cases.ts";
import { extractedComplaints } from "./archive_judges.ts";
import { complaintsAbout } from "./image_judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

for (const archiveCase of ARCHIVE_CASES) {
  Deno.test(`cpio: ${archiveCase.name}`, async (context) => {
    await withImageFile(async (image) => {
      const tree = archiveCase.build();
      const format = cpio({ onLoss: "report" });
      if (/200 levels/.test(archiveCase.name)) {
        // Its paths are longer than what the kernel takes.
        const isLimit = (error: unknown) =>
          error instanceof ImageError && error.code === "LIMIT_EXCEEDED";
        return await rejects(writeTree(format, tree, plainSink(image)), isLimit);
      }
      const { notices } = await writeTree(format, tree, plainSink(image), archiveCase.write);
      const losses = takeOutCpioLosses(tree);
      deepStrictEqual(notices.map(({ code }) => code), losses);
      await toolStep(context, "reader", [], async () => {
        const reader = await openCpio(fileSource(image), () => {});
        deepStrictEqual(complaintsAbout(tree, { tree: reader.tree, reader }, ["atime"]), []);
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
