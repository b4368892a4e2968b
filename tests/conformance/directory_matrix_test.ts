/**
 * The directory matrix: every case, made as real files by root, and walked.
 *
 * @module
 */
import { deepStrictEqual } from "node:assert/strict";
import { directory, directorySink } from "../../src/format/directory/format.ts";
import { toolTest } from "../tools.ts";
import { ARCHIVE_CASES } from "./archive_cases.ts";
import { directoryComplaints } from "./archive_judges.ts";
import { writeTree } from "./write_tree.ts";

for (const archiveCase of ARCHIVE_CASES) {
  toolTest(`directory: ${archiveCase.name}`, ["root"], async () => {
    const home = Deno.makeTempDirSync({ prefix: "directory_" });
    try {
      const tree = archiveCase.build();
      const sink = directorySink(`${home}/made`);
      const { notices } = await writeTree(directory(), tree, sink, archiveCase.write);
      deepStrictEqual(notices, []);
      deepStrictEqual(directoryComplaints(`${home}/made`, tree), []);
      deepStrictEqual([...Deno.readDirSync(home)].map(({ name }) => name), ["made"]);
    } finally {
      Deno.removeSync(home, { recursive: true });
    }
  });
}
