import { strictEqual } from "node:assert/strict";
import { withOptionsBehind } from "./oci_options.ts";

Deno.test("withOptionsBehind() moves what cfsctl has in front of its commands, and nothing else", () => {
  for (
    const [given, expected] of [
      ["composefs --repo a oci pull b", "composefs oci pull b --repo a"],
      ["composefs --repo=a --user images --json", "composefs images --json --repo=a --user"],
      ["composefs --repo oci images", "composefs images --repo oci"],
      ["composefs --hash sha256 layer -- -x", "composefs layer --hash sha256 -- -x"],
      ["composefs --insecure --repo a gc", "composefs gc --repo a"],
      ["composefs --insecure init a", "composefs init a --insecure"],
      ["composefs --help", "composefs --help"],
      ["composefs --repo a --help", "composefs --help --repo a"],
      ["composefs --repo", "composefs --repo"],
      ["composefs", "composefs"],
      ["composefs images --repo a", "composefs images --repo a"],
      ["cat --repo a", "cat --repo a"],
    ]
  ) strictEqual(withOptionsBehind(given.split(" ")).join(" "), expected);
});
