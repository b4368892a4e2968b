/**
 * The program `/init` that runs what an image's configuration says: a shell script that mounts what
 * programs expect, becomes the user, and runs entrypoint and command with their environment.
 *
 * It needs `/bin/sh` and `env`; of `mount`, `ip`, `setpriv` and the like it takes what is there.
 *
 * @module
 */
import { type ByteString, utf8ByteString } from "../bytes/byte_string.ts";
import { ImageError } from "../image_error.ts";
import type { ImageConfig } from "../oci/config.ts";
import { quote } from "../oci/quote.ts";
import { shellQuote } from "./shell_quote.ts";

/** What container runtimes set where an image does not. */
const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Tells the script that it runs as the user already. */
const AS_USER = "--as-user";

/** The part of a configuration that says what runs. */
export type RunConfig = Pick<ImageConfig, "entrypoint" | "cmd" | "env" | "workingDir" | "user">;

/**
 * The script for `config`, byte for byte.
 *
 * Throws `ImageError` `NOT_FOUND` where the configuration says nothing to run, and `CORRUPT` for a
 * value that no process can have: a NUL byte, an entry of the environment without a name.
 */
export function initScript(config: RunConfig): ByteString {
  const words = [...config.entrypoint, ...config.cmd];
  if (words.length === 0) {
    throw new ImageError(
      "NOT_FOUND",
      "Cannot make /init: the image has neither entrypoint nor command, expected one",
    );
  }
  const [user, group] = splitUser(config.user);
  return HEAD +
    `user=${quoted(user)} group=${quoted(group)}\n` +
    asUserPart(config, words) +
    TAIL;
}

/** The directory in which the program runs: absolute, without `.` and `..`. */
export function workingDirectory({ workingDir }: RunConfig): string {
  const names: string[] = [];
  for (const name of workingDir.split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** `USER[:GROUP]`; nobody is root. */
function splitUser(text: string): [user: string, group: string] {
  const colon = text.indexOf(":");
  const user = colon === -1 ? text : text.slice(0, colon);
  return [user === "" ? "0" : user, colon === -1 ? "" : text.slice(colon + 1)];
}

/** The second step, as the user: enter the directory, set the environment, run. */
function asUserPart(config: RunConfig, words: readonly string[]): ByteString {
  const directory = quoted(workingDirectory(config));
  const environment = config.env.map((entry) => {
    if (entry.indexOf("=") < 1) {
      throw new ImageError(
        "CORRUPT",
        `Cannot make /init: entry ${
          quote(entry)
        } of the environment has no name, expected NAME=VALUE`,
      );
    }
    return ` \\\n    ${quoted(entry)}`;
  });
  // env takes a word with a "=" for one more variable; the shell does not.
  const run = words[0].includes("=") ? [`/bin/sh -c 'exec "$@"' sh`] : [];
  return `
if [ "$1" = ${AS_USER} ]; then
  cd ${directory} || exit 126
  exec env -i -- "HOME=$HOME" "TERM=\${TERM:-linux}" ${DEFAULT_PATH}${environment.join("")} \\
    ${[...run, ...words.map(quoted)].join(" ")}
fi
`;
}

function quoted(text: string): ByteString {
  return shellQuote(utf8ByteString(text));
}

const HEAD = `#!/bin/sh
# Runs what the container image runs, with its environment, directory and user.
# Made from the configuration of the image; as the first process it also sets up the machine.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH
`;

const TAIL = `
die() {
  echo "init: $1" >&2
  exit 1
}

# Type, options, directory; what is mounted already stays.
place() {
  mkdir -p "$3" 2>/dev/null
  mount -t "$1" -o "$2" "$1" "$3" 2>/dev/null
}

set_up_machine() {
  # Below, messages go to /dev/null; where the root is read-only, no shell can make that.
  [ -c /dev/null ] || mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
  place proc nosuid,nodev,noexec /proc
  read -r cmdline </proc/cmdline
  case " $cmdline " in
    *" ro "*) ;;
    *) mount -o remount,rw / 2>/dev/null ;;
  esac
  place sysfs nosuid,nodev,noexec /sys
  place devtmpfs nosuid,mode=0755 /dev
  place devpts nosuid,noexec,gid=5,mode=620,ptmxmode=666 /dev/pts
  place tmpfs nosuid,nodev,mode=1777 /dev/shm
  for link in fd: stdin:/0 stdout:/1 stderr:/2; do
    [ -e "/dev/\${link%%:*}" ] || ln -s "/proc/self/fd\${link#*:}" "/dev/\${link%%:*}" 2>/dev/null
  done
  if [ ! -e /proc/self/fd/1 ] && [ -c /dev/console ]; then
    exec </dev/console >/dev/console 2>&1
  fi
  if [ -r /etc/hostname ] && read -r hostname </etc/hostname; then
    echo "$hostname" >/proc/sys/kernel/hostname
  fi
  ip link set lo up 2>/dev/null || ifconfig lo 127.0.0.1 up 2>/dev/null
}

is_number() {
  case $1 in
    '' | *[!0-9]*) return 1 ;;
  esac
}

# Sets uid, gid, groups, home and, where there is one, name.
find_user() {
  uid= gid= groups= home=/ name=
  if [ -r /etc/passwd ]; then
    while IFS=: read -r p_name p_password p_uid p_gid p_info p_home p_rest || [ -n "$p_name" ]; do
      if [ "$p_name" = "$user" ] || [ "$p_uid" = "$user" ]; then
        name=$p_name uid=$p_uid gid=$p_gid home=\${p_home:-/}
        break
      fi
    done </etc/passwd
  fi
  if [ -z "$uid" ]; then
    is_number "$user" || die "the image has no user $user"
    uid=$user gid=0
  fi
  if [ -n "$group" ]; then gid=; fi
  if [ -r /etc/group ]; then
    while IFS=: read -r g_name g_password g_gid g_members || [ -n "$g_name" ]; do
      if [ -n "$group" ]; then
        if [ "$g_name" = "$group" ] || [ "$g_gid" = "$group" ]; then
          gid=$g_gid
          break
        fi
      elif [ -n "$name" ]; then
        case ",$g_members," in
          *",$name,"*) groups=\${groups:+$groups,}$g_gid ;;
        esac
      fi
    done </etc/group
  fi
  if [ -z "$gid" ]; then
    is_number "$group" || die "the image has no group $group"
    gid=$group
  fi
}

# Runs this script once more as the user, by whatever program can do that.
run_as_user() {
  if [ "$uid" = 0 ] && [ "$gid" = 0 ]; then
    /bin/sh "$self" ${AS_USER}
    return
  fi
  if [ -n "$groups" ]; then group_option=--groups=$groups; else group_option=--clear-groups; fi
  set -- --reuid="$uid" --regid="$gid" "$group_option" /bin/sh
  if setpriv "$@" -c : 2>/dev/null; then
    setpriv "$@" "$self" ${AS_USER}
    return
  fi
  set -- --userspec="$uid:$gid" --groups="$groups" / /bin/sh
  if chroot "$@" -c : 2>/dev/null; then
    chroot "$@" "$self" ${AS_USER}
    return
  fi
  # The rest knows only users that have a name.
  if [ -z "$name" ] && [ $$ -eq 1 ]; then
    [ -e /etc/passwd ] || : >/etc/passwd
    { echo "user$uid:x:$uid:$gid::$home:/bin/sh"; cat /etc/passwd; } >/dev/shm/passwd &&
      mount -o bind /dev/shm/passwd /etc/passwd && name=user$uid
  fi
  # The file of process ids is not there, so nothing counts as started already.
  set -- -S -p /nonexistent/pid -c "$uid:$gid" -x /bin/sh --
  if start-stop-daemon "$@" -c : >/dev/null 2>&1; then
    start-stop-daemon "$@" "$self" ${AS_USER}
    return
  fi
  if [ -n "$name" ] && [ -z "$group" ]; then
    set -- -s /bin/sh "$name" -c
    if su "$@" : 2>/dev/null; then
      su "$@" "exec /bin/sh '$self' ${AS_USER}"
      return
    fi
  fi
  die "cannot become user $uid:$gid: the image has none of setpriv, chroot, start-stop-daemon and su that can"
}

self=$0
[ $$ -ne 1 ] || set_up_machine
find_user
HOME=$home
export HOME
if [ $$ -eq 1 ] && [ "$uid" != 0 ] && [ -c /dev/console ]; then chown "$uid" /dev/console 2>/dev/null; fi
run_as_user
status=$?
[ $$ -eq 1 ] || exit "$status"

echo "init: the program has ended with status $status" >&2
sync
# So that a disk is clean when it starts again; it stays as it is where something still writes.
mount -o remount,ro / 2>/dev/null
case " $cmdline " in
  *" reboot="*) reboot -f ;;
  *) poweroff -f ;;
esac
exit "$status"
`;
