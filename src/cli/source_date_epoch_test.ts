import { strictEqual, throws } from "node:assert/strict";
import { sourceDateEpoch } from "./source_date_epoch.ts";
import { UsageError } from "./usage_error.ts";

Deno.test("sourceDateEpoch() takes whole seconds or nothing", () => {
  strictEqual(sourceDateEpoch(undefined), undefined);
  strictEqual(sourceDateEpoch(""), undefined);
  strictEqual(sourceDateEpoch("0"), 0);
  strictEqual(sourceDateEpoch("1700000000"), 1700000000);
  for (const value of ["x", "-1", "1.5", "1e3", " 1", "99999999999999999"]) {
    throws(() => sourceDateEpoch(value), UsageError);
  }
});
