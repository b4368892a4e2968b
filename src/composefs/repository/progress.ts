/**
 * What a long work in a repository tells of itself.
 *
 * @module
 */

/** An event; `id` is the same for all events of one piece of work. */
export type RepositoryProgress =
  | {
    /** A piece of work begins. */
    readonly kind: "started";
    readonly id: string;
    /** How much it is, where that is known. */
    readonly total: number | null;
    /** What `total` and `done` count. */
    readonly unit: "bytes" | "items";
  }
  | {
    /** It goes on. */
    readonly kind: "progress";
    readonly id: string;
    /** How much is done. */
    readonly done: number;
  }
  | {
    /** There is nothing to do: the repository has it. */
    readonly kind: "skipped";
    readonly id: string;
  }
  | {
    /** It is complete. */
    readonly kind: "done";
    readonly id: string;
    /** How much was done. */
    readonly done: number;
  }
  | {
    /** Something a person may like to know. */
    readonly kind: "message";
    readonly text: string;
  };

/** Hears events as they come up. */
export type RepositoryProgressListener = (event: RepositoryProgress) => void;
