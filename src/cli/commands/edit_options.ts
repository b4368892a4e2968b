/**
 * The options of the main form that change the image on its way.
 *
 * @module
 */
import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional } from "@optique/core/modifiers";
import { option } from "@optique/core/primitives";
import type { InferValue } from "@optique/core/parser";
import { string } from "@optique/core/valueparser";
import { path } from "@optique/run/valueparser";
import {
  additionValue,
  hostAddressValue,
  idRangeValue,
  ownerValue,
  timeValue,
} from "../edit_values.ts";

/** What these options answer. */
export type EditArguments = InferValue<ReturnType<typeof editOptions>>;

/** The parser of these options. */
export function editOptions() {
  return object("Changes", {
    add: multiple(option("--add", additionValue(), {
      description:
        message`Put a file, or the content of a directory or tar archive, into the image, as ./app:/opt/app or ./app:/opt/app:755:1000:1000; tar:, file: or dir: in front say what it is.`,
    })),
    exclude: multiple(option("--exclude", string({ metavar: "GLOB" }), {
      description:
        message`Leave files of the image out: a name as *.pyc, or a path as usr/share/doc or var/cache/**.`,
    })),
    chown: optional(option("--chown", ownerValue(), {
      description: message`Owner of every file, but of those that --add gives one.`,
    })),
    uidMap: multiple(option("--uid-map", idRangeValue(), {
      description: message`Change user ids, as 0:100000:65536; an id in no range is an error.`,
    })),
    gidMap: multiple(option("--gid-map", idRangeValue(), {
      description: message`Change group ids.`,
    })),
    mtime: optional(option("--mtime", timeValue(), {
      description: message`Modification time of every file: 2026-01-02T03:04:05Z or @SECONDS.`,
    })),
    clampMtime: option("--clamp-mtime", {
      description: message`Change only times later than --mtime, or than SOURCE_DATE_EPOCH.`,
    }),
    hostname: optional(option("--hostname", string({ metavar: "NAME" }), {
      description: message`Write /etc/hostname.`,
    })),
    dns: multiple(option("--dns", string({ metavar: "ADDRESS" }), {
      description: message`Write /etc/resolv.conf with this name server.`,
    })),
    hosts: multiple(option("--hosts", hostAddressValue(), {
      description: message`Write /etc/hosts with this name and address.`,
    })),
    init: optional(option("--init", path({ metavar: "FILE" }), {
      description: message`Put this program into the image as /init.`,
    })),
    initFromConfig: option("--init-from-config", {
      description:
        message`Make /init a shell script that runs what the image's configuration says.`,
    }),
    configOut: optional(option("--config-out", path({ metavar: "FILE" }), {
      description:
        message`Write entrypoint, command, environment, directory, user and labels as JSON.`,
    })),
  });
}
