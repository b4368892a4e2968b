import { strictEqual } from "node:assert/strict";
import { normalizeImageName, tagOf } from "./reference.ts";

Deno.test("normalizeImageName() adds what Docker leaves out", () => {
  const names: Record<string, string> = {
    "busybox": "docker.io/library/busybox:latest",
    "busybox:1.36": "docker.io/library/busybox:1.36",
    "library/busybox": "docker.io/library/busybox:latest",
    "docker.io/busybox": "docker.io/library/busybox:latest",
    "index.docker.io/library/busybox:latest": "docker.io/library/busybox:latest",
    "user/tool:2": "docker.io/user/tool:2",
    "localhost/tool": "localhost/tool:latest",
    "localhost:5000/tool": "localhost:5000/tool:latest",
    "registry.test/a/b:c": "registry.test/a/b:c",
    "tool@sha256:00": "docker.io/library/tool@sha256:00",
  };
  for (const [given, expected] of Object.entries(names)) {
    strictEqual(normalizeImageName(given), expected, given);
  }
});

Deno.test("tagOf() does not take a port for a tag", () => {
  strictEqual(tagOf("localhost:5000/tool"), null);
  strictEqual(tagOf("localhost:5000/tool:x"), "x");
  strictEqual(tagOf("latest"), null);
});
