/**
 * The options of the commands that compare: `diff` and `verify`.
 *
 * @module
 */
import { merge, object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import { argument, command, constant, option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { choice, string } from "@optique/core/valueparser";
import { EXTRA_FIELDS, FIELD_NAMES } from "../../verify/difference_fields.ts";
import { textValue } from "../value_parsers.ts";
import { imageValue } from "./convert_options.ts";
import { anyImage, viewOptions } from "./view_options.ts";

/** What may differ, as the command line says it. */
export type RuleArguments = InferValue<ReturnType<typeof ruleOptions>>;
/** What `diff` takes. */
export type DiffArguments = InferValue<ReturnType<typeof diffParser>>;
/** What `verify` takes. */
export type VerifyArguments = InferValue<ReturnType<typeof verifyParser>>;

/** The parser of `diff`. */
export function diffParser() {
  return command(
    "diff",
    merge(
      object({
        command: constant("diff"),
        a: anyImage(),
        b: argument(imageValue(), { description: message`Another image of any kind.` }),
      }),
      ruleOptions(),
      object({
        json: option("--json", { description: message`Print an object with all differences.` }),
      }),
      viewOptions(),
    ),
    {
      description:
        message`Show every difference between two images: names (- only in the first, + only in the second), metadata and contents (~). Exit code 1 where there is one.`,
    },
  );
}

/** The parser of `verify`. */
export function verifyParser() {
  return command(
    "verify",
    merge(
      object({
        command: constant("verify"),
        image: anyImage(),
        reference: optional(argument(imageValue(), {
          description:
            message`What must be in it: the container image it was made from, a directory (dir:DIR), a tar (tar:FILE), another image.`,
        })),
      }),
      object("Hash tree", {
        verity: optional(option("--verity", string({ metavar: "FILE" }), {
          description: message`The dm-verity hash tree of the image, in a file of its own.`,
        })),
        rootHash: optional(option("--root-hash", rootHashValue(), {
          description: message`The root hash that the hash tree of the image must have.`,
        })),
      }),
      ruleOptions(),
      object({
        json: option("--json", {
          description: message`Print an object with all problems and differences.`,
        }),
      }),
      viewOptions(),
    ),
    {
      description:
        message`Check structure and checksums of an image and of the disk around it, and compare it with what must be in it. Exit code 1 where something is wrong.`,
    },
  );
}

function ruleOptions() {
  return object("Comparison", {
    ignore: multiple(option("--ignore", fieldValue(), {
      description: message`A field that may differ, as mtime; xattrs:NAME is one attribute.`,
    })),
    also: multiple(option("--also", choice(EXTRA_FIELDS, { metavar: "FIELD" }), {
      description: message`A field to compare besides the usual ones.`,
    })),
    ignorePath: multiple(option("--ignore-path", string({ metavar: "GLOB" }), {
      description:
        message`Files to pass over, with all below: a name as *.pyc, or a path as /var/cache; @docker-export is what docker export adds.`,
    })),
  });
}

function rootHashValue() {
  const parse = (text: string) => {
    if (/^([0-9a-f]{2})+$/i.test(text)) return text.toLowerCase();
    throw new SyntaxError(`Cannot use root hash "${text}", expected hexadecimal digits`);
  };
  return textValue("HEX", parse, String, "00ff");
}

function fieldValue() {
  const names = Object.keys(FIELD_NAMES);
  const parse = (text: string) => {
    if (names.includes(text) || /^xattrs:./.test(text)) return text;
    throw new SyntaxError(
      `Cannot ignore "${text}", expected one of ${names.join(", ")} or xattrs:NAME`,
    );
  };
  return textValue("FIELD", parse, String, "mtime", names);
}
