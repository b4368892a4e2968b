/**
 * `oci2rootfs composefs layer`: a layer of a repository as it was.
 *
 * @module
 */
import type { ImageContent } from "../../../composefs/image/content.ts";
import { openStream } from "../../../composefs/oci/document_stream.ts";
import { mergedTree } from "../../../composefs/oci/image_tree.ts";
import { layerStream } from "../../../composefs/oci/stream_names.ts";
import { readVerified } from "../../../composefs/oci/verified_layer.ts";
import type { Repository } from "../../../composefs/repository/repository.ts";
import { readLayerEntries } from "../../../composefs/splitstream/layer_stream.ts";
import type { Splitstream } from "../../../composefs/splitstream/splitstream_reader.ts";
import type { ContentType } from "../../../composefs/splitstream/splitstream_writer.ts";
import { ImageError } from "../../../image_error.ts";
import { dumpTree } from "../../../tree/dump.ts";
import { countLinks, type FileTree } from "../../../tree/file_tree.ts";
import { checkNoTerminal } from "../../output_places.ts";
import { OutputStream, writeAnswer } from "../../output_stream.ts";
import type { Terminal } from "../../terminal.ts";
import { UsageError } from "../../usage_error.ts";
import type { LayerArguments } from "./image_options.ts";
import { withRepository } from "./repository_options.ts";

/** Runs `composefs layer`. Throws `UsageError`, `ImageError`, or the reason of `signal`. */
export async function runLayer(
  args: LayerArguments,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  if (args.dumpfile && args.json) {
    throw new UsageError("Cannot print both: --dumpfile and --json exclude each other");
  }
  const isRaw = !args.dumpfile && !args.json;
  if (isRaw) checkNoTerminal("tar", terminal);
  await withRepository(args, { signal }, async (repository) => {
    // What an artifact has is no tar: nothing but its bytes.
    const types: ContentType[] = isRaw ? ["ocilayer", "oci_blob"] : ["ocilayer"];
    const stream = await openLayer(repository, args.diffId, types);
    if (args.json) {
      const info = await layerInfo(repository, stream, args.diffId);
      return await writeAnswer(`${JSON.stringify(info, null, 2)}\n`, terminal, signal);
    }
    const output = new OutputStream(terminal, signal);
    if (args.dumpfile) {
      for (const line of dumpTree(await layerTree(repository, args.diffId), (content) => content)) {
        output.write(`${line}\n`);
        await output.turn();
      }
    } else {
      await readVerified(stream, repository.objects, args.diffId, (bytes) => {
        output.writeBytes(bytes);
        return output.turn();
      });
    }
    await output.flush();
  });
}

async function openLayer(
  repository: Repository,
  diffId: string,
  types: readonly ContentType[],
): Promise<Splitstream> {
  const stream = await openStream(repository, layerStream(diffId), ...types);
  if (stream !== null) return stream;
  throw new ImageError(
    "NOT_FOUND",
    `Cannot find layer "${diffId}": the repository does not have it, expected a digest of a tar`,
    { where: { source: repository.path } },
  );
}

async function layerInfo(
  repository: Repository,
  stream: Splitstream,
  diffId: string,
): Promise<unknown> {
  const entries = await readLayerEntries(stream, repository.objects);
  let inlineSize = 0;
  await stream.read({
    inline: (bytes) => void (inlineSize += bytes.length),
    object: () => {},
  });
  return {
    diffId,
    verity: repository.streams.objectOf(layerStream(diffId)),
    size: stream.sizeBytes,
    entryCount: entries.length,
    splitstream: {
      externalObjects: stream.objectCount,
      externalSize: stream.sizeBytes - inlineSize,
      inlineSize,
    },
  };
}

async function layerTree(repository: Repository, diffId: string): Promise<FileTree<ImageContent>> {
  const tree = await mergedTree(repository, [diffId]);
  countLinks(tree);
  return tree;
}
