import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { parseContentRange } from "./content_range.ts";
import { nextLink } from "./link_header.ts";
import { parseRetryAfter } from "./retry_after.ts";

Deno.test("parseContentRange() reads ranges and nothing else", () => {
  deepStrictEqual(parseContentRange("bytes 0-0/1"), { first: 0, last: 0, total: 1 });
  deepStrictEqual(parseContentRange(" Bytes  5-9/* "), { first: 5, last: 9, total: null });
  deepStrictEqual(parseContentRange("bytes 4294967296-4294967297/4294967298"), {
    first: 4294967296,
    last: 4294967297,
    total: 4294967298,
  });
  const bad = [
    null,
    "",
    "bytes */9",
    "bytes 5-4/9",
    "bytes 0-9/9",
    "bytes 0-9",
    "items 0-1/2",
    "bytes -1-2/3",
    "bytes 0x1-2/3",
    "bytes 1-9999999999999999/*",
    "bytes 0-1/2, 3-4/5",
  ];
  for (const field of bad) strictEqual(parseContentRange(field), null, String(field));
});

Deno.test("parseRetryAfter() reads seconds and dates", () => {
  const now = Date.UTC(2026, 0, 1);
  strictEqual(parseRetryAfter("0", now), 0);
  strictEqual(parseRetryAfter(" 120 ", now), 120_000);
  strictEqual(parseRetryAfter("Thu, 01 Jan 2026 00:00:30 GMT", now), 30_000);
  strictEqual(parseRetryAfter("Thu, 01 Jan 2025 00:00:30 GMT", now), 0);
  for (const field of [null, "", "-1", "1.5", "soon", "99999999999", "Thu, nonsense"]) {
    strictEqual(parseRetryAfter(field, now), null, String(field));
  }
});

Deno.test("nextLink() finds the link to the next page", () => {
  strictEqual(nextLink('</v2/a/tags/list?last=b&n=2>; rel="next"'), "/v2/a/tags/list?last=b&n=2");
  strictEqual(nextLink("</x>; rel=next"), "/x");
  strictEqual(nextLink('</a>; rel="prev", </b>; title="x, y"; rel="last next"'), "/b");
  strictEqual(nextLink("</a>;rel=next;x=1"), "/a");
  for (
    const field of [null, "", "</a>", "</a>; rel=prev", "</a>; rel=nextish", "rel=next", "<<>"]
  ) {
    strictEqual(nextLink(field), null, String(field));
  }
  strictEqual(nextLink(`<${"x".repeat(20_000)}>; rel=next`), null);
});

Deno.test("nextLink() does not take long for hostile text", () => {
  // Backtracking would never end here.
  strictEqual(nextLink(`<a>${";a=b ".repeat(3000)}!`), null);
  strictEqual(nextLink(`<a>;${" ".repeat(15_000)}!`), null);
  strictEqual(nextLink("<a>".repeat(5000)), null);
});
