/**
 * The files below `/etc` that say how a machine is called and whom it knows.
 *
 * @module
 */
import { isIP } from "node:net";
import type { HostAddress, ImageEdits } from "./image_edits.ts";

/** A text file: its path in the image and what is in it. */
export interface TextFile {
  /** Clean path. */
  readonly path: string;
  /** What is in it. */
  readonly text: string;
}

/**
 * The files that the edits ask for. Throws `TypeError` for names and addresses that are none.
 *
 * Formats: hostname(5), resolv.conf(5), hosts(5).
 */
export function networkFiles({ hostname, dns, hosts }: ImageEdits): TextFile[] {
  const files: TextFile[] = [];
  if (hostname !== undefined) {
    files.push({ path: "etc/hostname", text: `${checkName(hostname)}\n` });
  }
  if (hosts !== undefined && hosts.length > 0) {
    files.push({ path: "etc/hosts", text: hostsText(hosts, hostname) });
  }
  if (dns !== undefined && dns.length > 0) {
    const lines = dns.map((address) => `nameserver ${checkAddress(address)}\n`);
    files.push({ path: "etc/resolv.conf", text: lines.join("") });
  }
  return files;
}

function hostsText(hosts: readonly HostAddress[], hostname: string | undefined): string {
  const lines = [
    "127.0.0.1\tlocalhost",
    "::1\tlocalhost ip6-localhost ip6-loopback",
    ...(hostname === undefined ? [] : [`127.0.1.1\t${hostname}`]),
    ...hosts.map(({ name, address }) => `${checkAddress(address)}\t${checkName(name)}`),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** A name as hostname(7) has it. */
function checkName(name: string): string {
  const isName = name.length <= 253 &&
    name.split(".").every((label) =>
      /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label)
    );
  if (isName) return name;
  throw new TypeError(
    `Cannot use ${
      JSON.stringify(name)
    } as the name of a machine, expected letters, digits and hyphens`,
  );
}

function checkAddress(address: string): string {
  if (isIP(address) !== 0) return address;
  throw new TypeError(`Cannot use ${JSON.stringify(address)} as an address, expected IPv4 or IPv6`);
}
