/**
 * Pulls an artifact, which is no image of a container: its layers are kept as they are, and no EROFS
 * is made of them.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import type { Layer } from "../../layer/layer.ts";
import { quote } from "../../oci/quote.ts";
import type { Image } from "../../source/image.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { Repository } from "../repository/repository.ts";
import { checkDigest } from "./document_stream.ts";
import type { LayerToStore } from "./import_layer.ts";
import { importLayers } from "./import_layers.ts";
import { knownLayer } from "./known_layer.ts";
import type { PullOciOptions, PullOciReport } from "./pull.ts";
import { storeDocuments } from "./store_documents.ts";

/** Stores an artifact under `tag`. Rejects like `pullOciImage`. */
export async function pullArtifact(
  repository: Repository,
  artifact: Image,
  tag: string | null,
  options: PullOciOptions,
): Promise<PullOciReport> {
  const { manifest, documents, reference } = artifact;
  if (options.isBootable || options.expectedDigest !== undefined) {
    throw new ImageError(
      "UNSUPPORTED",
      `Cannot make image of ${quote(reference)}: it is an artifact, expected an image of a ` +
        "container",
      { where: { source: reference } },
    );
  }
  const config = { bytes: documents!.config, digest: manifest!.config.digest };
  const document = { bytes: documents!.manifest!, digest: artifact.digest! };
  checkDigest(config.bytes, config.digest);
  checkDigest(document.bytes, document.digest);
  const digests = manifest!.layers.map(({ digest }) => digest);
  const streams = new Map<string, ObjectId>();
  const missing: LayerToStore[] = [];
  const present = repository.objects.list();
  for (const [digest, layer] of new Map(digests.map((it, i) => [it, artifact.layers[i]]))) {
    const known = await knownLayer(repository, digest, present, "oci_blob", "ocilayer");
    if (known === null) missing.push(blobToStore(layer, digest));
    else {
      streams.set(digest, known.id);
      options.onProgress?.({ kind: "skipped", id: digest });
    }
  }
  const known = digests.filter((digest) => streams.has(digest)).length;
  const imported = await importLayers(repository, missing, options);
  missing.forEach(({ diffId }, i) => streams.set(diffId, imported[i].id));
  // What refers to layers does so in their order.
  const layers = new Map(digests.map((digest) => [digest, streams.get(digest)!]));
  await storeDocuments(repository, { manifest: document, config, layers, tag }, new Map());
  return {
    manifestDigest: document.digest,
    configDigest: config.digest,
    tag,
    images: new Map(),
    layers: { count: digests.length, known },
    objects: { ...repository.objects.counts },
  };
}

function blobToStore(layer: Layer, digest: string): LayerToStore {
  const { job } = layer;
  if (job.kind === "tar") return { layer, job, diffId: digest, isBlob: true };
  throw new TypeError(`Cannot store layer ${layer.name}: it is no blob`);
}
