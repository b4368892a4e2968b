/**
 * An object in the making: hashed while its bytes go by, and written only where it is new.
 *
 * @module
 */
import type { VerityAlgorithm } from "../../fsverity/verity_algorithm.ts";
import { VerityDigester } from "../../fsverity/verity_digest.ts";
import { ImageError } from "../../image_error.ts";
import { systemError } from "../../io/system_error.ts";
import { type ObjectStore, removeIfThere, type StoredObject } from "./object_store.ts";

/** Bytes that are kept until it is known whether the object is new. */
const BUFFER_SIZE = 256 * 1024;

/** What an object needs while it is made. */
interface WritingRoom {
  readonly digester: VerityDigester;
  /** What is not yet in the file: all of it while there is no file. */
  readonly buffer: Uint8Array<ArrayBuffer>;
}

/** Rooms for one object after the other: to allocate them costs more than many an object. */
export class WritingRooms {
  readonly #algorithm: VerityAlgorithm;
  #spare: WritingRoom | null = null;

  /** Rooms for objects with digests of that algorithm. */
  constructor(algorithm: VerityAlgorithm) {
    this.#algorithm = algorithm;
  }

  /** A room for the time until it is given back. */
  take(): WritingRoom {
    const room = this.#spare ??
      { digester: new VerityDigester(this.#algorithm), buffer: new Uint8Array(BUFFER_SIZE) };
    this.#spare = null;
    return room;
  }

  /** Gives a room back, once its object has its digest. */
  give(room: WritingRoom): void {
    this.#spare = room;
  }
}

/** Takes the bytes of one object. Small ones that are known already cost no write. */
export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #rooms: WritingRooms;
  readonly #room: WritingRoom;
  readonly #isEssential: boolean;
  #fill = 0;
  #file: Deno.FsFile | null = null;
  #path = "";
  // The file was there before, with all bytes.
  #isGiven = false;

  /** Begins an object of `store`, in one of its rooms; one that is essential replaces damaged bytes. */
  constructor(store: ObjectStore, rooms: WritingRooms, isEssential: boolean) {
    this.#store = store;
    this.#isEssential = isEssential;
    this.#rooms = rooms;
    this.#room = rooms.take();
  }

  /** Bytes up to now. */
  get sizeBytes(): number {
    return this.#room.digester.size;
  }

  /**
   * The object is the file at `path` of the repository: its bytes are to come, but not to be written.
   * None came yet.
   */
  useFile(path: string): void {
    this.#path = path;
    this.#isGiven = true;
  }

  /** The next bytes; the memory may be reused after the call. Throws `ImageError`. */
  write(bytes: Uint8Array): void {
    this.#room.digester.write(bytes);
    if (this.#isGiven) return;
    if (this.#fill + bytes.length > BUFFER_SIZE) {
      this.#flush();
      if (bytes.length >= BUFFER_SIZE) return this.#writeAll(bytes);
    }
    this.#room.buffer.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  /** The next `byteCount` bytes are zeros; large runs become holes. Throws `ImageError`. */
  skip(byteCount: number): void {
    if (this.#isGiven) {
      throw new ImageError(
        "CORRUPT",
        `Cannot store object: ${byteCount} zeros follow in it, expected the bytes of a file`,
      );
    }
    if (this.#fill + byteCount <= BUFFER_SIZE) {
      this.#room.digester.skip(byteCount);
      this.#room.buffer.fill(0, this.#fill, this.#fill + byteCount);
      this.#fill += byteCount;
      return;
    }
    this.#flush();
    this.#room.digester.skip(byteCount);
    try {
      this.#file!.truncateSync(this.#room.digester.size);
      this.#file!.seekSync(0, Deno.SeekMode.End);
    } catch (error) {
      throw systemError(error, "write object", this.#path);
    }
  }

  /**
   * Gives `take` all bytes up to now again, in pieces whose memory is reused. Throws `ImageError`.
   */
  replay(take: (bytes: Uint8Array) => void): void {
    if (this.#file !== null) {
      this.#flush();
      const piece = new Uint8Array(BUFFER_SIZE);
      try {
        this.#file.seekSync(0, Deno.SeekMode.Start);
        for (;;) {
          const count = this.#file.readSync(piece);
          if (count === null || count === 0) break;
          take(piece.subarray(0, count));
        }
      } catch (error) {
        throw systemError(error, "read object", this.#path);
      }
    } else {
      take(this.#room.buffer.subarray(0, this.#fill));
    }
  }

  /** The object is complete: stores it. Throws `ImageError`. */
  end(): StoredObject {
    const { digester } = this.#room;
    const sizeBytes = digester.size;
    const id = digester.end().toHex();
    if (this.#store.has(id, sizeBytes, this.#isEssential)) {
      this.#rooms.give(this.#room);
      this.abort();
      return this.#store.known(id, sizeBytes);
    }
    if (!this.#isGiven) this.#flush();
    this.#file?.close();
    this.#file = null;
    this.#rooms.give(this.#room);
    return this.#store.adopt(this.#path, id, sizeBytes, this.#isEssential);
  }

  /** Forgets the object; without effect once it has its name. */
  abort(): void {
    this.#file?.close();
    this.#file = null;
    if (this.#path !== "") removeIfThere(this.#path);
  }

  #flush(): void {
    if (this.#file === null) {
      this.#path = this.#store.temporaryPath();
      try {
        this.#file = Deno.openSync(this.#path, {
          read: true,
          write: true,
          createNew: true,
          mode: 0o644,
        });
      } catch (error) {
        throw systemError(error, "create object", this.#path);
      }
    }
    this.#writeAll(this.#room.buffer.subarray(0, this.#fill));
    this.#fill = 0;
  }

  #writeAll(bytes: Uint8Array): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += this.#file!.writeSync(done === 0 ? bytes : bytes.subarray(done));
      }
    } catch (error) {
      throw systemError(error, "write object", this.#path);
    }
  }
}
