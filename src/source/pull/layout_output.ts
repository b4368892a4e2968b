/**
 * Where an OCI image layout is written: file after file, to appear as a whole.
 *
 * @module
 */

/** Takes the files of a layout. */
export interface LayoutOutput {
  /** Begins a file; `path` is relative, with `/`. Throws `ImageError` as `write` does. */
  begin(path: string, sizeBytes: number): void;
  /** Adds bytes to it. Throws `ImageError` `OUT_OF_SPACE`, `PERMISSION` or `IO`. */
  write(bytes: Uint8Array): void;
  /** The file is complete: as many bytes as `begin` said were written. */
  end(): void;
  /** All files are there: the layout gets its name. Throws `ImageError`. */
  commit(): void;
  /** Removes what was written. Without effect behind `commit`. */
  abort(): void;
}
