/**
 * What every way of opening an image takes.
 *
 * @module
 */
import type { Notice, NoticeListener } from "../notice.ts";
import { normalizePlatform, parsePlatform, type Platform } from "../oci/platform.ts";
import { hostPlatform } from "./host_platform.ts";

/** Options of all image sources. */
export interface OpenOptions {
  /**
   * What the image must be for, as `linux/arm64` or `linux/arm/v7`; older variants of the same
   * processor serve too.
   *
   * @default Linux on the processor of this machine
   */
  readonly platform?: Platform | string;
  /**
   * Where no image is meant, opens what is none: a signature, a chart or another artifact, whose
   * layers are blobs of any kind (`isArtifact`).
   *
   * @default {false}
   */
  readonly withArtifacts?: boolean;
  /** Receives notices as they come up; the image keeps them too. */
  readonly onNotice?: NoticeListener;
  /** Cancels opening: the promise is rejected with its reason. */
  readonly signal?: AbortSignal;
}

/** Which image of a store is wanted, and where remarks go. */
export interface ImageRequest {
  /** The reference as the person gave it, for messages. */
  readonly reference: string;
  /** A tag or name, `null` where none was given. */
  readonly name: string | null;
  /** A digest, `null` where none was given. */
  readonly digest: string | null;
  /** The wanted platform. */
  readonly platform: Platform;
  /** `false` where the platform is only the default. */
  readonly platformGiven: boolean;
  /** Whether an artifact will do where no image is meant. */
  readonly withArtifacts: boolean;
  /** Remarks so far. */
  readonly notices: Notice[];
  /** Adds a remark. */
  notice(notice: Notice): void;
  /** Throws the reason once the caller has cancelled. */
  checkCancelled(): void;
}

/**
 * Puts the request together.
 *
 * Throws `TypeError` when the platform is malformed.
 */
export function createRequest(
  reference: string,
  choice: { readonly name?: string | null; readonly digest?: string | null },
  options: OpenOptions,
): ImageRequest {
  const { platform, withArtifacts = false, onNotice, signal } = options;
  const notices: Notice[] = [];
  return {
    reference,
    name: choice.name ?? null,
    digest: choice.digest ?? null,
    platform: typeof platform === "string"
      ? parsePlatform(platform)
      : normalizePlatform(platform ?? hostPlatform()),
    platformGiven: platform !== undefined,
    withArtifacts,
    notices,
    notice(notice) {
      notices.push(notice);
      onNotice?.(notice);
    },
    checkCancelled: () => signal?.throwIfAborted(),
  };
}
