import { deepStrictEqual } from "node:assert/strict";
import { withJournalSize } from "./format_options.ts";

Deno.test("withJournalSize() gives --journal a size where it has none", () => {
  const cases: [string[], string[]][] = [
    [["--journal", "image.tar"], ["--journal=auto", "image.tar"]],
    [["image.tar", "--journal"], ["image.tar", "--journal=auto"]],
    [["--journal", "-o", "x"], ["--journal=auto", "-o", "x"]],
    [["--journal", "64M", "image.tar"], ["--journal", "64M", "image.tar"]],
    [["--journal", "1.5GiB"], ["--journal", "1.5GiB"]],
    [["--journal", "auto"], ["--journal", "auto"]],
    [["--journal=64M", "image.tar"], ["--journal=64M", "image.tar"]],
  ];
  for (const [args, expected] of cases) deepStrictEqual(withJournalSize(args), expected);
});
