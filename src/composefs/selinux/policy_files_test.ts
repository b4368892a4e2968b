import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { FileKind, Inode } from "../../tree/inode.ts";
import type { ImageContent } from "../image/content.ts";
import { ObjectReader } from "../image/object_reader.ts";
import type { LabelPolicy } from "./label_policy.ts";
import { POLICY_DIRECTORY, policyFiles, policyTree } from "./policy_fixture.ts";
import { readPolicy } from "./policy_files.ts";

function read(lines: string, files: Readonly<Record<string, string>>): LabelPolicy | null {
  return readPolicy(policyTree(lines, files), new ObjectReader(null));
}

const CONTEXTS = `${POLICY_DIRECTORY}/file_contexts`;

Deno.test("readPolicy() finds no policy without a configuration that names one", () => {
  strictEqual(read("", {}), null);
  strictEqual(read("", { "etc/passwd": "" }), null);
  strictEqual(
    read("/etc 0 40755 2 0 0 0 0.0 - - -\n/etc/selinux 0 40755 2 0 0 0 0.0 - - -\n", {}),
    null,
  );
  for (const config of ["", "SELINUX=enforcing\n", "#SELINUXTYPE=targeted\n", "SELINUXTYPE\n"]) {
    strictEqual(read("", { ...policyFiles({ "": "" }), "etc/selinux/config": config }), null);
  }
});

Deno.test("readPolicy() reads the first SELINUXTYPE, whatever is around it", () => {
  for (
    const config of [
      "SELINUXTYPE=targeted",
      "\n # SELINUXTYPE=x\n\tSeLinuxType \t=  targeted \r\nSELINUXTYPE=other\n",
    ]
  ) {
    const policy = read("", {
      ...policyFiles({
        "": "/a -- a_t\n\r\n  # no\n/b\t<<none>>\r\n/c c_t",
        ".subs": " /x\t/y \n",
      }),
      "etc/selinux/config": config,
    })!;
    deepStrictEqual(policy.rules, [
      { pattern: "/a", line: 1, kind: FileKind.regular, label: "a_t" },
      { pattern: "/b", line: 4, kind: null, label: null },
      { pattern: "/c", line: 5, kind: null, label: "c_t" },
    ]);
    deepStrictEqual([...policy.aliases], [["/x", "/y"]]);
  }
});

Deno.test("readPolicy() splits words at spaces of ASCII alone", () => {
  const policy = read("", policyFiles({ "": "/\xc2\xa0\x85 a\xa0b\n" }))!;
  deepStrictEqual(policy.rules.map(({ pattern, label }) => [pattern, label]), [
    ["/\xc2\xa0\x85", "a\xa0b"],
  ]);
});

Deno.test("readPolicy() says which file and line is wrong", () => {
  const cases: readonly (readonly [Record<string, string>, string, string, RegExp])[] = [
    [{ "": "\n/a\n" }, "", "CORRUPT", /rule of line 2: it has 1 words/],
    [{ "": "/a -- b c\n" }, "", "CORRUPT", /line 1: it has 4 words/],
    [{ "": "/a b c\n" }, "", "CORRUPT", /line 1: it has 3 words/],
    [{ "": "/a --\n" }, "", "CORRUPT", /line 1: it has 2 words/],
    [{ "": "/a -x b\n" }, "", "CORRUPT", /its type is "-x", expected one of -- -d -c -b -p -s -l/],
    [{ "": "", ".local": "# x\n/(a b\n" }, ".local", "CORRUPT", /pattern "\/\(a" of line 2/],
    [
      { "": "", ".homedirs": "/(?>a) b\n" },
      ".homedirs",
      "UNSUPPORTED",
      /pattern "\/\(\?>a\)" of line 1/,
    ],
    [{ "": "", ".subs": "/a\n" }, ".subs", "CORRUPT", /alias of line 1: it has 1 words/],
    [{ "": "", ".subs_dist": "\n/a b c" }, ".subs_dist", "CORRUPT", /alias of line 2: it has 3/],
    [{ "": `/${"a".repeat(16_384)} b\n` }, "", "LIMIT_EXCEEDED", /line 1: it has 16387 bytes/],
    [
      { "": "", ".subs": " ".repeat(1024 * 1024 + 1) },
      ".subs",
      "LIMIT_EXCEEDED",
      /at most 1048576/,
    ],
  ];
  for (const [contexts, suffix, code, message] of cases) {
    throws(() => read("", policyFiles(contexts)), {
      name: "ImageError",
      code,
      message,
      where: { path: CONTEXTS + suffix },
    });
  }
});

Deno.test("readPolicy() refuses a policy that is not all there, or behind links", () => {
  const config = { "etc/selinux/config": "SELINUXTYPE=targeted\n" };
  throws(() => read("", config), {
    code: "NOT_FOUND",
    message: /no etc\/selinux\/targeted.*contexts,/,
  });
  for (const type of ["", "..", "a/../targeted"]) {
    throws(
      () => read("", { ...policyFiles({ "": "" }), "etc/selinux/config": `SELINUXTYPE=${type}\n` }),
      { code: "NOT_FOUND" },
    );
  }
  const link = (path: string) => `${path} 1 120777 1 0 0 0 0.0 x - -\n`;
  const directory = (path: string) => `${path} 0 40755 2 0 0 0 0.0 - - -\n`;
  for (
    const lines of [
      link("/etc"),
      directory("/etc") + link("/etc/selinux"),
      directory("/etc") + directory("/etc/selinux") + link("/etc/selinux/config"),
    ]
  ) {
    throws(() => read(lines, {}), { code: "UNSUPPORTED", message: /file of policy/ });
  }
  throws(() => read(`/etc 0 40755 2 0 0 0 0.0 - - -\n`, { ...config, [CONTEXTS + "/x"]: "" }), {
    code: "UNSUPPORTED",
    message: /no regular file/,
  });
});

Deno.test("readPolicy() reads no more than a file has", () => {
  const tree = policyTree("", policyFiles({ "": "" }));
  const files = POLICY_DIRECTORY.split("/").reduce(
    (inode, name) => inode.children!.get(name)!,
    tree.root,
  );
  const file = new Inode<ImageContent>(FileKind.regular, 0o644);
  file.size = 4096;
  file.content = { bytes: new Uint8Array(100) };
  files.children!.set("file_contexts", file);
  throws(() => readPolicy(tree, new ObjectReader(null)), {
    code: "CORRUPT",
    message: /ends early/,
  });
  file.size = 1e12;
  throws(() => readPolicy(tree, new ObjectReader(null)), { code: "LIMIT_EXCEEDED" });
});
