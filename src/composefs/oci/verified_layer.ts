/**
 * The bytes of a layer of a repository, compared with its digest.
 *
 * @module
 */
import { DigestCheck } from "../../layer/digest_check.ts";
import type { ObjectStore } from "../repository/object_store.ts";
import { readWhole, type TakeBytes } from "../splitstream/read_whole.ts";
import type { Splitstream } from "../splitstream/splitstream_reader.ts";

/**
 * Gives `take` all bytes that the stream of the layer `digest` holds, in pieces whose memory is
 * reused. Rejects with `ImageError`, at the end with `DIGEST_MISMATCH` where they are others.
 */
export async function readVerified(
  stream: Splitstream,
  store: ObjectStore,
  digest: string,
  take: TakeBytes,
): Promise<void> {
  const check = new DigestCheck(digest, "layer");
  await readWhole(stream, store, (bytes) => {
    check.update(bytes);
    return take(bytes);
  });
  check.finish();
}
