/**
 * The fs-verity digest of a file: that of a descriptor with its size and the root of its Merkle tree.
 *
 * @module
 */
import { MerkleTree } from "./merkle_tree.ts";
import { VERITY_DIGEST_SIZES, type VerityAlgorithm, writePlainDigest } from "./verity_algorithm.ts";
import {
  makeVerityDescriptor,
  VERITY_DESCRIPTOR_SIZE,
  writeVerityDescriptor,
} from "./verity_descriptor.ts";

/** Digests files whose bytes go by, of any length, in the memory of a few blocks. */
export class VerityDigester {
  readonly #algorithm: VerityAlgorithm;
  readonly #tree: MerkleTree;

  /** Begins a file. */
  constructor(algorithm: VerityAlgorithm) {
    this.#algorithm = algorithm;
    this.#tree = new MerkleTree(algorithm);
  }

  /** Bytes of the file up to now. */
  get size(): number {
    return this.#tree.size;
  }

  /** The next bytes of the file; the memory may be reused after the call. */
  write(bytes: Uint8Array): void {
    this.#tree.write(bytes);
  }

  /** The next `byteCount` bytes are zeros. */
  skip(byteCount: number): void {
    this.#tree.skip(byteCount);
  }

  /** All bytes were given: answers the digest. What comes next are bytes of another file. */
  end(): Uint8Array {
    const sizeBytes = this.#tree.size;
    return descriptorDigest(this.#algorithm, sizeBytes, this.#tree.end());
  }
}

/** The fs-verity digest of bytes in memory. */
export function verityDigest(algorithm: VerityAlgorithm, bytes: Uint8Array): Uint8Array {
  const digester = new VerityDigester(algorithm);
  digester.write(bytes);
  return digester.end();
}

/** The digest of a file by its size and the root of its tree. */
function descriptorDigest(
  algorithm: VerityAlgorithm,
  sizeBytes: number,
  root: Uint8Array,
): Uint8Array {
  const bytes = new Uint8Array(VERITY_DESCRIPTOR_SIZE);
  const descriptor = makeVerityDescriptor(algorithm, sizeBytes, root);
  writeVerityDescriptor(new DataView(bytes.buffer), 0, descriptor);
  const digest = new Uint8Array(VERITY_DIGEST_SIZES[algorithm]);
  writePlainDigest(algorithm, bytes, digest, 0);
  return digest;
}
