import { strictEqual } from "node:assert/strict";
import type { NoticeCode } from "../notice.ts";
import { type Loudness, NoticePrinter } from "./notices.ts";

function printed(loudness: Loudness, codes: NoticeCode[]): string[] {
  const lines: string[] = [];
  const printer = new NoticePrinter(loudness, (text) => lines.push(text));
  for (const code of codes) printer.show({ code, message: code });
  printer.finish();
  return lines;
}

Deno.test("NoticePrinter keeps minor notices for --verbose and all for --quiet back", () => {
  const codes: NoticeCode[] = ["IMAGE_SKIPPED", "CLAMPED", "SYMLINKED_PARENT"];
  strictEqual(printed("normal", codes).join(""), "oci2rootfs: note: CLAMPED\n");
  strictEqual(printed("verbose", codes).length, 3);
  strictEqual(printed("quiet", codes).length, 0);
});

Deno.test("NoticePrinter shows ten of a kind and says how many more there were", () => {
  const many = Array<NoticeCode>(25).fill("CLAMPED");
  const lines = printed("normal", [...many, "LOSS"]);
  strictEqual(lines.length, 12);
  strictEqual(lines.at(-1), "oci2rootfs: note: 15 more of CLAMPED (-v shows all)\n");
  strictEqual(printed("verbose", many).length, 25);
});
