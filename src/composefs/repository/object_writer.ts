/**
 * An object in the making: hashed while its bytes go by, and written only where it is new.
 *
 * @module
 */
import { toHex } from "../../bytes/hex.ts";
import { VerityDigester } from "../../fsverity/verity_digest.ts";
import { systemError } from "../../io/system_error.ts";
import { type ObjectStore, removeIfThere, type StoredObject } from "./object_store.ts";

/** Bytes that are kept until it is known whether the object is new. */
const BUFFER_SIZE = 256 * 1024;

/** Takes the bytes of one object. Small ones that are known already cost no write. */
export class ObjectWriter {
  readonly #store: ObjectStore;
  readonly #digester: VerityDigester;
  // What is not yet in the file: all of it while there is no file.
  #buffer: Uint8Array<ArrayBuffer> | null;
  #fill = 0;
  #file: Deno.FsFile | null = null;
  #path = "";

  /** Begins an object of `store`. */
  constructor(store: ObjectStore) {
    this.#store = store;
    this.#digester = new VerityDigester(store.algorithm);
    this.#buffer = store.takeBuffer(BUFFER_SIZE);
  }

  /** Bytes up to now. */
  get sizeBytes(): number {
    return this.#digester.size;
  }

  /** The next bytes; the memory may be reused after the call. Throws `ImageError`. */
  write(bytes: Uint8Array): void {
    this.#digester.write(bytes);
    if (this.#fill + bytes.length > BUFFER_SIZE) {
      this.#flush();
      if (bytes.length >= BUFFER_SIZE) return this.#writeAll(bytes);
    }
    this.#buffer!.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  /** The next `byteCount` bytes are zeros; large runs become holes. Throws `ImageError`. */
  skip(byteCount: number): void {
    if (this.#fill + byteCount <= BUFFER_SIZE) {
      this.#digester.skip(byteCount);
      this.#buffer!.fill(0, this.#fill, this.#fill + byteCount);
      this.#fill += byteCount;
      return;
    }
    this.#flush();
    this.#digester.skip(byteCount);
    try {
      this.#file!.truncateSync(this.#digester.size);
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
      take(this.#buffer!.subarray(0, this.#fill));
    }
  }

  /** The object is complete: stores it. Throws `ImageError`. */
  end(): StoredObject {
    const sizeBytes = this.#digester.size;
    const id = toHex(this.#digester.end());
    if (this.#store.has(id, sizeBytes)) {
      this.abort();
      return this.#store.known(id, sizeBytes);
    }
    this.#flush();
    this.#giveBuffer();
    this.#file!.close();
    this.#file = null;
    return this.#store.adopt(this.#path, id, sizeBytes);
  }

  /** Forgets the object; without effect once it has its name. */
  abort(): void {
    this.#giveBuffer();
    this.#file?.close();
    this.#file = null;
    if (this.#path !== "") removeIfThere(this.#path);
  }

  #giveBuffer(): void {
    if (this.#buffer !== null) this.#store.giveBuffer(this.#buffer);
    this.#buffer = null;
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
    this.#writeAll(this.#buffer!.subarray(0, this.#fill));
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
