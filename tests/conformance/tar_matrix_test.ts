/**
 * The tar matrix: every case, with and without sparse files, before GNU tar, bsdtar and our parser.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { tar } from "../../src/format/tar/format.ts";
import { FileKind } from "../../src/tree/inode.ts";
import { toolStep } from "../tools.ts";
import { ARCHIVE_CASES, withoutKind } from "./archive_cases.ts";
import { extractedComplaints, parsedTar } from "./archive_judges.ts";
import { complaintsAbout } from "./image_judges.ts";
import { plainSink, withImageFile } from "./plain_sink.ts";
import { writeTree } from "./write_tree.ts";

// What bsdtar makes of attributes depends on how it was built; of times on the disk.
const BSDTAR_IGNORES = ["xattr"] as const;

for (const archiveCase of ARCHIVE_CASES) {
  for (const sparse of [false, true]) {
    Deno.test(`tar, sparse ${sparse}: ${archiveCase.name}`, async (context) => {
      await withImageFile(async (image) => {
        const tree = archiveCase.build();
        const format = tar({ sparse, onLoss: "report" });
        const { notices } = await writeTree(format, tree, plainSink(image), archiveCase.write);
        const hasLost = withoutKind(tree, FileKind.socket) > 0;
        deepStrictEqual(notices.map(({ code }) => code), hasLost ? ["LOSS"] : []);
        await toolStep(context, "parser", [], () => {
          const found = parsedTar(Deno.readFileSync(image));
          deepStrictEqual(complaintsAbout(tree, found, ["atime", "linkCount"]), []);
        });
        // Programs go by whole paths, which the kernel limits.
        if (/200 levels/.test(archiveCase.name)) return;
        await toolStep(context, "GNU tar", ["root", "tar"], () => {
          const args = ["--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf", image, "-C"];
          const extract = (directory: string) => [...args, directory];
          deepStrictEqual(extractedComplaints("tar", extract, tree, ["linkCount"]), []);
        });
        // It takes long names for UTF-8, and fractions of times before 1970 for later ones.
        if (/every byte|of 255 bytes|before 1970/.test(archiveCase.name)) return;
        await toolStep(context, "bsdtar", ["root", "bsdtar"], () => {
          const extract = (directory: string) => [
            "--numeric-owner",
            "-xpf",
            image,
            "-C",
            directory,
          ];
          const ignore = ["linkCount", ...BSDTAR_IGNORES] as const;
          const complaints = extractedComplaints("bsdtar", extract, tree, ignore);
          // It does not set the time of the directory that it was told to extract to.
          deepStrictEqual(complaints.filter((it) => !it.startsWith("/: mtime:")), []);
        });
      });
    });
  }
}
