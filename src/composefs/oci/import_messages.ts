/**
 * What the main thread and the workers that store layers say to each other.
 *
 * @module
 */
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import type { TarLayerJob } from "../../layer/layer.ts";
import type { SentError } from "../../layer/worker/messages.ts";
import type { Notice } from "../../notice.ts";
import type { ObjectId } from "../repository/object_id.ts";
import type { ObjectCounts } from "../repository/object_store.ts";
import type { LocalFetch } from "../splitstream/shared_bodies.ts";
import type { CopyJob } from "./copied_layer.ts";

/** To a worker: store a layer, one at a time. */
export interface ImportRequest {
  /** A word that is no longer 0 when the worker shall leave off, and answer with an error. */
  readonly stop: SharedArrayBuffer;
  /** Directory of the repository. */
  readonly path: string;
  /** Hash function of its objects. */
  readonly algorithm: VerityAlgorithm;
  /** Whether its objects have fs-verity. */
  readonly isSecure: boolean;
  /** Place of the layer in the image. */
  readonly index: number;
  /** Name of the layer in messages. */
  readonly name: string;
  /** How to read it. */
  readonly job: TarLayerJob | CopyJob;
  /** Digest of its tar, or of the blob. */
  readonly diffId: string;
  /** How the files of an unpacked one become objects. */
  readonly localFetch: LocalFetch | undefined;
  /** Whether it is a blob to be stored as it is. */
  readonly isBlob: boolean;
}

/** From a worker. */
export type ImportAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "progress"; readonly readBytes: number }
  | { readonly kind: "notice"; readonly notice: Notice }
  | {
    readonly kind: "end";
    readonly id: ObjectId;
    readonly sizeBytes: number;
    readonly readBytes: number;
    readonly counts: ObjectCounts;
  }
  | { readonly kind: "error"; readonly error: SentError };
