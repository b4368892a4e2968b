import { deepStrictEqual, throws } from "node:assert/strict";
import { networkFiles } from "./network_files.ts";

Deno.test("networkFiles() writes what was asked for, and nothing else", () => {
  deepStrictEqual(networkFiles({}), []);
  deepStrictEqual(networkFiles({ hosts: [], dns: [] }), []);
  deepStrictEqual(networkFiles({ hostname: "web-1.example" }), [
    { path: "etc/hostname", text: "web-1.example\n" },
  ]);
  deepStrictEqual(networkFiles({ dns: ["1.1.1.1", "2606:4700::1111"] }), [
    { path: "etc/resolv.conf", text: "nameserver 1.1.1.1\nnameserver 2606:4700::1111\n" },
  ]);
  const hosts = [{ name: "db", address: "10.0.0.2" }, { name: "six", address: "fd00::2" }];
  const local = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n";
  deepStrictEqual(networkFiles({ hosts, hostname: "vm" })[1], {
    path: "etc/hosts",
    text: `${local}127.0.1.1\tvm\n10.0.0.2\tdb\nfd00::2\tsix\n`,
  });
});

Deno.test("networkFiles() refuses names and addresses that are none", () => {
  for (
    const name of ["", "-a", "a-", "a..b", "a b", "a\nb", "a".repeat(64), "a.".repeat(127) + "a"]
  ) {
    throws(() => networkFiles({ hostname: name }), TypeError, name);
    throws(() => networkFiles({ hosts: [{ name, address: "::1" }] }), TypeError, name);
  }
  for (const address of ["", "1.1.1", "1.1.1.1\nnameserver 2.2.2.2", "example.org", "::g"]) {
    throws(() => networkFiles({ dns: [address] }), TypeError, address);
    throws(() => networkFiles({ hosts: [{ name: "a", address }] }), TypeError, address);
  }
});
