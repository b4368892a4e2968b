/**
 * Container engines of the machine, started by hand with all their data in a temporary directory
 * and without network.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mustRun, runTool } from "../run_tool.ts";

const START_MILLISECONDS = 30_000;
const STOP_MILLISECONDS = 20_000;
const POLL_MILLISECONDS = 100;

/** A running engine; disposing of it stops it and removes its data. */
export interface RunningEngine extends Disposable {
  /** Its data root. */
  readonly root: string;
  /** Its socket. */
  readonly socket: string;
  /** Runs its client, which must succeed, and answers what it prints. */
  run(...args: string[]): string;
}

/** Starts Docker. Throws with its log where it does not come up. */
export function startDocker(): RunningEngine {
  return start("dockerd", "docker", (directory) => ({
    root: `${directory}/root`,
    socket: `${directory}/docker.sock`,
    daemon: [
      `--data-root=${directory}/root`,
      `--exec-root=${directory}/exec`,
      `--pidfile=${directory}/pid`,
      `--host=unix://${directory}/docker.sock`,
      "--storage-driver=overlay2",
      "--bridge=none",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
    ],
    client: [`--host=unix://${directory}/docker.sock`],
    probe: ["version"],
  }));
}

/** Starts containerd. Throws with its log where it does not come up. */
export function startContainerd(): RunningEngine {
  return start("containerd", "ctr", (directory) => {
    const settings = `version = 2
root = "${directory}/root"
state = "${directory}/state"
[grpc]
address = "${directory}/containerd.sock"
[ttrpc]
address = "${directory}/ttrpc.sock"
`;
    writeFileSync(`${directory}/config.toml`, settings);
    return {
      root: `${directory}/root`,
      socket: `${directory}/containerd.sock`,
      daemon: ["--config", `${directory}/config.toml`],
      client: ["--address", `${directory}/containerd.sock`],
      probe: ["version"],
    };
  });
}

/** Whether an engine comes up on this machine. */
export function canStart(startEngine: () => RunningEngine): boolean {
  try {
    startEngine()[Symbol.dispose]();
    return true;
  } catch {
    return false;
  }
}

/** How an engine is started and asked. */
interface EngineSetup {
  readonly root: string;
  readonly socket: string;
  readonly daemon: readonly string[];
  readonly client: readonly string[];
  readonly probe: readonly string[];
}

function start(
  daemon: string,
  client: string,
  setUp: (directory: string) => EngineSetup,
): RunningEngine {
  const directory = Deno.makeTempDirSync({ prefix: `${daemon}_` });
  mkdirSync(`${directory}/root`);
  const setup = setUp(directory);
  const log = `${directory}/log`;
  // A child of our own would stay a zombie while a test waits for it.
  const script = 'log=$1; shift; setsid "$@" >"$log" 2>&1 </dev/null & echo $!';
  const pid = mustRun("sh", ["-c", script, "sh", log, daemon, ...setup.daemon]).trim();
  const engine: RunningEngine = {
    root: setup.root,
    socket: setup.socket,
    run: (...args) =>
      mustRun(client, [...setup.client, ...args], {
        env: { DOCKER_BUILDKIT: "0", HOME: directory },
      }),
    [Symbol.dispose]() {
      runTool("kill", [pid]);
      waitFor(() => !isRunning(pid), STOP_MILLISECONDS);
      unmountBelow(directory);
      rmSync(directory, { recursive: true });
    },
  };
  const answers = () =>
    existsSync(setup.socket) && runTool(client, [...setup.client, ...setup.probe]).status === 0;
  if (waitFor(() => !isRunning(pid) || answers(), START_MILLISECONDS) && isRunning(pid)) {
    return engine;
  }
  const lines = readFileSync(log, "utf8").split("\n").slice(-20).join("\n");
  engine[Symbol.dispose]();
  throw new Error(`Cannot start ${daemon}: it does not answer\n${lines}`);
}

function waitFor(condition: () => boolean, milliseconds: number): boolean {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < milliseconds; waited += POLL_MILLISECONDS) {
    if (condition()) return true;
    Atomics.wait(pause, 0, 0, POLL_MILLISECONDS);
  }
  return condition();
}

/** A process that has ended but whose parent has not looked is not running. */
function isRunning(pid: string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Unmounts all that engines have mounted below `directory`, innermost first. */
export function unmountBelow(directory: string): void {
  const places = readFileSync("/proc/mounts", "utf8").split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((place) => place.startsWith(`${directory}/`));
  for (const place of places.sort().reverse()) runTool("umount", ["--lazy", place]);
}
