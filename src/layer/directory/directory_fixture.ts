/**
 * Directory layers for tests: made in a temporary directory, read, removed.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Notice } from "../../notice.ts";
import type { DirectoryLayerJob, Layer } from "../layer.ts";
import type { LayerSummary } from "../layer_reading.ts";
import { readLayer } from "../read_layer.ts";
import { TarRecorder } from "../tar/tar_recorder.ts";

/** A layer of directories, newest first. */
export function directoryLayerOf(
  directories: readonly string[],
  changes: Partial<DirectoryLayerJob> = {},
): Layer {
  const job: DirectoryLayerJob = {
    kind: "directory",
    directories,
    markers: directories.length === 1 ? "none" : "overlay",
    oneFileSystem: false,
    keepsHostLabels: false,
    declaredCompression: null,
    digest: null,
    diffId: null,
    ...changes,
  };
  return { index: 0, name: "0 (test)", size: 0, job };
}

/** What reading a layer gave. */
export interface DirectoryResult {
  /** Entries with their bodies. */
  readonly recorder: TarRecorder;
  /** What the reading says. */
  readonly summary: LayerSummary;
  /** Remarks. */
  readonly notices: readonly Notice[];
}

/** Reads a layer to its end. */
export async function readDirectoryLayer(layer: Layer): Promise<DirectoryResult> {
  const recorder = new TarRecorder();
  const notices: Notice[] = [];
  const onNotice = (notice: Notice) => notices.push(notice);
  const summary = await readLayer(layer, recorder, { onNotice });
  return { recorder, summary, notices };
}

/** Calls `use` with a new directory, and removes it. */
export async function withDirectory(use: (path: string) => void | Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "directory_layer_"));
  try {
    await use(path);
  } finally {
    rmSync(path, { recursive: true });
  }
}
