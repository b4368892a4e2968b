import { assertLayout } from "../bytes/assert_layout.ts";
import {
  readVerityDescriptor,
  VERITY_DESCRIPTOR_SIZE,
  writeVerityDescriptor,
} from "./verity_descriptor.ts";

Deno.test("fs-verity descriptor follows the kernel's struct fsverity_descriptor", () => {
  assertLayout(
    VERITY_DESCRIPTOR_SIZE,
    [
      ["version", 0x00, 1],
      ["hashAlgorithm", 0x01, 1],
      ["logBlockSize", 0x02, 1],
      ["saltSize", 0x03, 1],
      ["signatureSize", 0x04, 4],
      ["dataSize", 0x08, 8],
      ["rootHash", 0x10, 64],
    ],
    writeVerityDescriptor,
    readVerityDescriptor,
  );
});
