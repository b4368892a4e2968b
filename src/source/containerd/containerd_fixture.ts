/**
 * Root directories of containerd made by hand, for tests.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import type { FixtureDescriptor, LayoutFixture } from "../layout_fixture.ts";
import { boltDatabase, type BoltTree, varint } from "./bolt_fixture.ts";

/** Writes to `path` a root directory with `namespaces`: images by their names. */
export function writeContainerdRoot(
  path: string,
  layout: LayoutFixture,
  namespaces: Record<string, Record<string, FixtureDescriptor>>,
): string {
  layout.writeDirectory(`${path}/io.containerd.content.v1.content`);
  const v1: Record<string, BoltTree | string> = { version: "4" };
  for (const [namespace, images] of Object.entries(namespaces)) {
    const named = Object.entries(images).map(([name, image]) => [name, target(image)]);
    v1[namespace] = { images: Object.fromEntries(named), content: { blob: {} } };
  }
  mkdirSync(`${path}/io.containerd.metadata.v1.bolt`, { recursive: true });
  writeFileSync(`${path}/io.containerd.metadata.v1.bolt/meta.db`, boltDatabase({ v1 }));
  return path;
}

function target({ digest, mediaType, size }: FixtureDescriptor): BoltTree {
  return { target: { digest, mediatype: mediaType, size: varint(size) }, createdat: "x" };
}
