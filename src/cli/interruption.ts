/**
 * Being told to stop by a signal.
 *
 * @module
 */

/** Signals that end the program in order, with the exit codes that shells expect. */
const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof SIGNALS;

/** The reason of an abort signal after SIGINT or SIGTERM. */
export class Interruption extends Error {
  /** 128 and the number of the signal. */
  readonly exitCode: 130 | 143;

  /** Creates the reason for one signal. */
  constructor(signal: StopSignal) {
    super(`Stopped by ${signal}`);
    this.name = "Interruption";
    this.exitCode = SIGNALS[signal];
  }
}

/**
 * Runs `work` with a signal that is aborted by the first SIGINT or SIGTERM, so that it can leave
 * nothing behind. The second one ends the process at once.
 */
export async function withInterruption<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const listeners = (Object.keys(SIGNALS) as StopSignal[]).map((name) => {
    const listener = () => {
      if (controller.signal.aborted) Deno.exit(SIGNALS[name]);
      controller.abort(new Interruption(name));
    };
    return { name, listener };
  });
  for (const { name, listener } of listeners) Deno.addSignalListener(name, listener);
  try {
    return await work(controller.signal);
  } finally {
    for (const { name, listener } of listeners) Deno.removeSignalListener(name, listener);
  }
}
