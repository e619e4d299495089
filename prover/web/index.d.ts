export type Level = "margin-call" | "maintenance" | "initial";

/** What is proved, and from what. */
export interface Inputs {
  /** The portfolio as plain JSON, with its blinding: what `zkmargin decrypt` writes. It stays in this tab. */
  portfolio: string | Uint8Array;
  /** The market file of the epoch: it says which proof system proofs are of. */
  market: string | Uint8Array;
  /** The venue's state file of the epoch, or the account's path file. */
  place: string | Uint8Array;
  /**
   * Powers of tau, for markets of `kzg`: the ceremony's `.ptau` file, or the file of
   * that very size that `zkmargin srs import` stored. All of it is checked.
   */
  srs?: Uint8Array;
  /** What is claimed. */
  claim: `at-least:${Level}` | `below:${Level}` | (string & {});
  /** Whether a `below` claim tells the shortfall. */
  disclose?: boolean;
  /** What else the proof says: `0x` and 62 digits. */
  memo?: string;
  /** `small` unless told: larger ones take a browser minutes. */
  shape?: "small" | "medium" | "large" | "huge" | "multi" | "multi-large";
  /** Of `kzg`: `tall` unless told, which contracts usually verify; `wide` takes less time. */
  layout?: "wide" | "tall";
  /** For tests: powers of tau whose secret everybody knows. Such proofs prove nothing, and say so. */
  insecure_dev_srs?: boolean;
}

/** What is to be proved, once the inputs were checked. */
export interface Ready {
  /** Size of the circuit: it has `2 ** k` rows. */
  k: number;
  proof_system: "ipa" | "kzg";
  circuit: string;
  account: string;
  claim: string;
}

/** A step that begins. */
export type Progress =
  | { stage: "check" }
  | ({ stage: "parameters" | "key" | "proof" } & Ready);

export interface Proof extends Ready {
  /** The text of the proof file. */
  proof: string;
  /** Memory that the wasm took. */
  memory_bytes: number;
}

export interface Options {
  onProgress?: (progress: Progress) => void;
  /** Ends the worker at once. */
  signal?: AbortSignal;
  /** Where the wasm is, if not next to this module. */
  wasm?: string;
}

/** What went wrong, in words. They may speak of the portfolio: do not send them anywhere. */
export class ProvingError extends Error {
  /** What to do next. */
  hint: string;
}

/**
 * Proves in a worker of its own: nothing leaves the tab. The first proof makes
 * public parameters, which are then kept in IndexedDB.
 */
export function prove(inputs: Inputs, options?: Options): Promise<Proof>;
