/**
 * An image that takes long enough to be interrupted, and next to no disk.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { tarHeader } from "../../src/layer/tar/tar_fixture.ts";
import { blobPath, LayoutFixture, tagged } from "../../src/source/layout_fixture.ts";

const PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar";
const FILE_BYTES = 1024 * 1024 * 1024;
const PIECE = new Uint8Array(1024 * 1024);

/** Writes a layout below `path` whose one layer holds one file of 1 GiB of zeros; the blob is sparse. */
export function writeSlowImage(path: string): string {
  const header = tarHeader({ path: "large", size: FILE_BYTES });
  const hash = createHash("sha256").update(header);
  for (let at = 0; at < FILE_BYTES; at += PIECE.length) hash.update(PIECE);
  const digest = `sha256:${hash.update(PIECE.subarray(0, 1024)).digest("hex")}`;
  const size = header.length + FILE_BYTES + 1024;

  const layout = new LayoutFixture();
  const image = layout.addImage({
    platform: null,
    config: { rootfs: { type: "layers", diff_ids: [digest] } },
    manifest: { layers: [{ mediaType: PLAIN_LAYER, digest, size }] },
  });
  layout.setIndex([tagged(image, "slow")]);
  layout.writeDirectory(path);
  using blob = Deno.openSync(`${path}/${blobPath(digest)}`, { write: true, create: true });
  blob.writeSync(header);
  blob.truncateSync(size);
  return path;
}
