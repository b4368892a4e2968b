/**
 * Addresses of mirrors as a person gives them.
 *
 * @module
 */
import { ImageError } from "../../image_error.ts";
import { quote } from "../../oci/quote.ts";
import type { Mirror } from "./registry_rule.ts";

const PLACE = /^[A-Za-z0-9.-]+(?::[0-9]{1,5})?$|^\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?$/;

/** `HOST[:PORT][/PATH]`, taken apart; `null` where it has another form. */
export function parsePlace(text: string): { readonly host: string; readonly path: string } | null {
  const [host, ...parts] = text.replace(/\/+$/, "").split("/");
  const isSound = PLACE.test(host) && URL.canParse(`https://${host}/`) &&
    parts.every((part) => /^[A-Za-z0-9._-]+$/.test(part) && !/^\.+$/.test(part));
  return isSound ? { host, path: parts.join("/") } : null;
}

/**
 * Reads `https://HOST[/PATH]`, `http://HOST[/PATH]` or `HOST[/PATH]`. Plain http must be asked for:
 * it is used only where the address says so.
 *
 * Throws `ImageError` `CORRUPT` when it has another form.
 */
export function parseMirrorAddress(text: string): Mirror {
  const match = /^(?:(https?):\/\/)?(.+)$/.exec(text);
  const place = match === null ? null : parsePlace(match[2]);
  if (match === null || place === null) {
    throw new ImageError(
      "CORRUPT",
      `Cannot use mirror ${quote(text)}: it has another form, expected https://HOST[/PATH]`,
    );
  }
  const scheme = match[1] as "https" | "http" | undefined;
  return {
    location: place.path === "" ? place.host : `${place.host}/${place.path}`,
    scheme: scheme ?? null,
    isInsecure: false,
    serves: "all",
  };
}
