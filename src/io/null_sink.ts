/**
 * A destination that keeps nothing, for a trial run.
 *
 * @module
 */
import type { ImageSink } from "./byte_sink.ts";

/** A destination that forgets what it is given. */
export function nullSink(): ImageSink {
  return {
    name: "nothing",
    seekable: true,
    open: () => ({ capacity: null, write() {}, truncate() {}, commit() {}, abort() {} }),
  };
}
