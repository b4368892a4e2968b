/**
 * The head of a splitstream: 32 bytes that lead to the info section, which leads to everything else.
 *
 * @module
 */
import { bytesOf, byteStringFrom } from "../../bytes/byte_string.ts";
import { getU64, setU64 } from "../../bytes/u64.ts";
import { getBytes, setBytes } from "../../bytes/view_bytes.ts";

/** Bytes of the header. */
export const SPLITSTREAM_HEADER_SIZE = 32;
/** Bytes of the info section that are known here. */
export const SPLITSTREAM_INFO_SIZE = 80;
/** First bytes of the file. */
export const SPLITSTREAM_MAGIC: Uint8Array = bytesOf("SplitStream");

/** Fields of the header, in its form of today and of old. */
export interface SplitstreamHeader {
  /** `SplitStream`. */
  magic: Uint8Array;
  /** 0. */
  version: number;
  /** 0, and ignored. */
  flags: number;
  /** Number of the hash function in the kernel. */
  algorithm: number;
  /** Power of two of the block size of fs-verity. */
  logBlockSize: number;
  /** Start of the info section. */
  infoStart: number;
  /** First byte behind it. */
  infoEnd: number;
}

/** Fields of the info section. Each range is of the file, and ends before its end. */
export interface SplitstreamInfo {
  /** Digests of streams and images that the stream names, one after another. */
  streamRefsStart: number;
  /** End of that. */
  streamRefsEnd: number;
  /** Digests of the objects in the stream. */
  objectRefsStart: number;
  /** End of that. */
  objectRefsEnd: number;
  /** The compressed stream. */
  streamStart: number;
  /** End of that. */
  streamEnd: number;
  /** Compressed names of stream references. */
  namedRefsStart: number;
  /** End of that. */
  namedRefsEnd: number;
  /** Eight characters that say what it holds. */
  contentType: Uint8Array;
  /** Bytes of what it holds, objects included. */
  sizeBytes: number;
}

/** Writes a header. */
export function writeSplitstreamHeader(view: DataView, at: number, x: SplitstreamHeader): void {
  setBytes(view, at + 0x00, x.magic, 11); // magic
  view.setUint8(at + 0x0b, x.version); // version
  view.setUint16(at + 0x0c, x.flags, true); // flags
  view.setUint8(at + 0x0e, x.algorithm); // algorithm
  view.setUint8(at + 0x0f, x.logBlockSize); // lg_blocksize
  setU64(view, at + 0x10, x.infoStart); // info.start
  setU64(view, at + 0x18, x.infoEnd); // info.end
}

/** Reads a header. */
export function readSplitstreamHeader(view: DataView, at: number): SplitstreamHeader {
  return {
    magic: getBytes(view, at + 0x00, 11), // magic
    version: view.getUint8(at + 0x0b), // version
    flags: view.getUint16(at + 0x0c, true), // flags
    algorithm: view.getUint8(at + 0x0e), // algorithm
    logBlockSize: view.getUint8(at + 0x0f), // lg_blocksize
    infoStart: getU64(view, at + 0x10), // info.start
    infoEnd: getU64(view, at + 0x18), // info.end
  };
}

/** Writes a header as it was before its magic came first. */
export function writeOldSplitstreamHeader(view: DataView, at: number, x: SplitstreamHeader): void {
  setU64(view, at + 0x00, x.infoStart); // info.start
  setU64(view, at + 0x08, x.infoEnd); // info.end
  view.setUint16(at + 0x10, x.flags, true); // flags
  setBytes(view, at + 0x12, x.magic, 11); // magic
  view.setUint8(at + 0x1d, x.version); // version
  view.setUint8(at + 0x1e, x.algorithm); // algorithm
  view.setUint8(at + 0x1f, x.logBlockSize); // lg_blocksize
}

/** Reads a header as it was before its magic came first. */
export function readOldSplitstreamHeader(view: DataView, at: number): SplitstreamHeader {
  return {
    infoStart: getU64(view, at + 0x00), // info.start
    infoEnd: getU64(view, at + 0x08), // info.end
    flags: view.getUint16(at + 0x10, true), // flags
    magic: getBytes(view, at + 0x12, 11), // magic
    version: view.getUint8(at + 0x1d), // version
    algorithm: view.getUint8(at + 0x1e), // algorithm
    logBlockSize: view.getUint8(at + 0x1f), // lg_blocksize
  };
}

/** Which of the two forms of the header stands at `at`; `null` for neither. */
export function headerForm(bytes: Uint8Array, at: number): "new" | "old" | null {
  const magic = byteStringFrom(SPLITSTREAM_MAGIC);
  if (byteStringFrom(bytes, at, at + 11) === magic) return "new";
  return byteStringFrom(bytes, at + 0x12, at + 0x1d) === magic ? "old" : null;
}

/** Writes an info section. */
export function writeSplitstreamInfo(view: DataView, at: number, x: SplitstreamInfo): void {
  setU64(view, at + 0x00, x.streamRefsStart); // stream_refs.start
  setU64(view, at + 0x08, x.streamRefsEnd); // stream_refs.end
  setU64(view, at + 0x10, x.objectRefsStart); // object_refs.start
  setU64(view, at + 0x18, x.objectRefsEnd); // object_refs.end
  setU64(view, at + 0x20, x.streamStart); // stream.start
  setU64(view, at + 0x28, x.streamEnd); // stream.end
  setU64(view, at + 0x30, x.namedRefsStart); // named_refs.start
  setU64(view, at + 0x38, x.namedRefsEnd); // named_refs.end
  setBytes(view, at + 0x40, x.contentType, 8); // content_type
  setU64(view, at + 0x48, x.sizeBytes); // stream_size
}

/** Reads an info section. */
export function readSplitstreamInfo(view: DataView, at: number): SplitstreamInfo {
  return {
    streamRefsStart: getU64(view, at + 0x00), // stream_refs.start
    streamRefsEnd: getU64(view, at + 0x08), // stream_refs.end
    objectRefsStart: getU64(view, at + 0x10), // object_refs.start
    objectRefsEnd: getU64(view, at + 0x18), // object_refs.end
    streamStart: getU64(view, at + 0x20), // stream.start
    streamEnd: getU64(view, at + 0x28), // stream.end
    namedRefsStart: getU64(view, at + 0x30), // named_refs.start
    namedRefsEnd: getU64(view, at + 0x38), // named_refs.end
    contentType: getBytes(view, at + 0x40, 8), // content_type
    sizeBytes: getU64(view, at + 0x48), // stream_size
  };
}
