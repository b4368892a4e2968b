/**
 * `oci2rootfs inspect` of a filesystem image.
 *
 * @module
 */
import type { Disk } from "../../disk/disk_container.ts";
import type { ImageDescription } from "../../format/image_reader.ts";
import { oneLine } from "../error_text.ts";
import { timeText } from "../file_facts.ts";
import { formatSize } from "../size_text.ts";

/** A description with the facts of what is around the image, by the names of a conversion's report. */
export function withDisk(description: ImageDescription, { containers }: Disk): ImageDescription {
  if (containers.length === 0) return description;
  const facts = containers.map(({ details }) => details);
  const names = containers.map(({ name }) => name).join("+");
  const details = Object.assign({ ...description.details, containers: names }, ...facts);
  return { ...description, details };
}

/** A description as JSON; ends with a newline. */
export function descriptionJson(reference: string, description: ImageDescription): string {
  return JSON.stringify({ reference, ...description }, null, 2) + "\n";
}

/** A description for people, a line for each fact. */
export function descriptionText(reference: string, description: ImageDescription): string {
  const { format, label, uuid, createdSeconds, blockSize, imageSize, usedBytes } = description;
  const { inodeCount, features, details } = description;
  const rows: [string, string | null][] = [
    ["Reference", reference],
    ["Format", format],
    ["Label", label],
    ["UUID", uuid],
    ["Created", createdSeconds === null ? null : timeText(createdSeconds, 0, "full-iso")],
    ["Size", `${formatSize(imageSize)}, ${formatSize(usedBytes)} in use`],
    ["Block size", blockSize === null ? null : formatSize(blockSize)],
    ["Files", `${inodeCount}`],
    ["Features", features.length === 0 ? null : features.join(" ")],
    ...Object.entries(details).map(([name, value]): [string, string] => [words(name), `${value}`]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.filter(([, value]) => value !== null)
    .map(([name, value]) => `${`${name}:`.padEnd(width)}${oneLine(value!)}\n`).join("");
}

/** `inodeSize` as `Inode size`. */
function words(name: string): string {
  const text = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
