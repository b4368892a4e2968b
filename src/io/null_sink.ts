/**
 * A destination that keeps nothing, for a trial run.
 *
 * @module
 */
import type { ImageSink } from "./byte_sink.ts";
import type { TreeMaker } from "./tree_maker.ts";

/** A destination that forgets what it is given. */
export function nullSink(): ImageSink {
  return {
    name: "nothing",
    seekable: true,
    takes: "anything",
    open: () => ({
      tree: nullMaker(),
      write() {},
      truncate() {},
      commit() {},
      abort() {},
    }),
  };
}

function nullMaker(): TreeMaker {
  return {
    isAdministrator: true,
    limits: null,
    createBody: () => ({ id: 0, write() {}, end() {} }),
    makeDirectory() {},
    enter() {},
    leave() {},
    placeBody() {},
    makeNode() {},
    makeSymlink() {},
    keep: () => 0,
    link() {},
    setOwner() {},
    setPermissions() {},
    setXattr() {},
    setTimes() {},
  };
}
