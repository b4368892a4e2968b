/**
 * Two destinations that appear together: an image, and a file beside it that belongs to it.
 *
 * @module
 */
import type { ByteSink, ImageSink, OpenSink } from "./byte_sink.ts";

/** A destination with a second one. */
export interface PairedSink extends ImageSink {
  /** Takes the bytes of the second one, from when the first is opened to when it is done. */
  readonly second: ByteSink;
}

/**
 * `first` as a destination that opens, commits and aborts `second` too. Both are on the disk before
 * either gets its name, so that it takes a failing rename for one to appear alone.
 *
 * @example
 * ```ts
 * import { convert, ext4, memorySink, openImage, pairedSink, verity } from "@x/oci2rootfs";
 *
 * const hashes = memorySink();
 * const output = pairedSink(memorySink(), hashes);
 * const image = await openImage("testdata/layouts/tiny");
 * await convert(image, verity(ext4(), { hashSink: output.second }), output);
 * await image.close();
 * console.assert(hashes.bytes.length > 4096);
 * ```
 */
export function pairedSink(first: ImageSink, second: ImageSink): PairedSink {
  let opened: OpenSink | null = null;
  return {
    name: first.name,
    seekable: first.seekable && second.seekable,
    second: {
      write: (bytes, position) => expectOpen(opened).write(bytes, position),
      truncate: (size) => expectOpen(opened).truncate(size),
    },
    open(onNotice) {
      const one = first.open(onNotice);
      try {
        opened = second.open(onNotice);
      } catch (error) {
        one.abort();
        throw error;
      }
      return pairOf(one, opened);
    },
  };
}

function pairOf(one: OpenSink, two: OpenSink): OpenSink {
  const sync = () => {
    one.sync?.();
    two.sync?.();
  };
  return {
    deviceSize: one.deviceSize,
    sectorSize: one.sectorSize,
    write: (bytes, position) => one.write(bytes, position),
    truncate: (size) => one.truncate(size),
    read: one.read && ((into, position) => one.read!(into, position)),
    sync,
    commit() {
      sync();
      two.commit();
      one.commit();
    },
    abort() {
      one.abort();
      two.abort();
    },
  };
}

function expectOpen(sink: OpenSink | null): OpenSink {
  if (sink === null) throw new TypeError("Cannot write the second output: it is not open");
  return sink;
}
