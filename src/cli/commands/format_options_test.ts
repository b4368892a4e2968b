import { deepStrictEqual, throws } from "node:assert/strict";
import { type FormatOptions, FORMATS } from "../../format/formats.ts";
import { UsageError } from "../usage_error.ts";
import { type FormatArguments, formatOptionsOf, withJournalSize } from "./format_options.ts";

Deno.test("formatOptionsOf() refuses each option of another format", () => {
  const all = new Set<keyof FormatOptions>(FORMATS.flatMap(({ options }) => options));
  // --workers is about reading too: everybody takes it.
  all.delete("compressionWorkers");
  for (const format of FORMATS) {
    for (const key of all) {
      const args = { [key]: "given" } as unknown as FormatArguments;
      if (format.options.includes(key)) {
        deepStrictEqual(formatOptionsOf(args, format), { [key]: "given" });
        continue;
      }
      throws(() => formatOptionsOf(args, format), (error) => {
        if (!(error instanceof UsageError)) return false;
        const owners = FORMATS.filter(({ options }) => options.includes(key));
        return error.message.startsWith("Cannot use --") &&
          error.message.includes(` for ${format.name}: `) &&
          owners.every(({ name }) => error.message.includes(name));
      });
    }
  }
});

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
