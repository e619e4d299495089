// Names and values are those of `zkmargin verify --json`.

export type Level = "margin-call" | "maintenance" | "initial";

export type Figure =
  | "signers"
  | "context"
  | "state_root"
  | "market_root"
  | "model"
  | "epoch"
  | "account"
  | "memo"
  | "claim"
  | "age";

export type Waivable = "signers" | "context" | "state_root" | "market_root" | "model" | "claim" | "age";

/** Who must have signed an epoch file. */
export interface Signers {
  /** How many of them. */
  threshold: number;
  /** Addresses, `0x` and 40 digits, in ascending order. */
  signers: string[];
}

/**
 * What a proof must be about. Everything may be left out; what is neither told
 * nor waived is then missing, and nothing is accepted.
 */
export interface Expected {
  /** An epoch file: its text, or what `JSON.parse` makes of it. */
  epoch?: string | object;
  /** Who must have signed it. Take this list from your protocol, never from whoever sent the proof. */
  signers?: string | Signers;
  /** Level the proof must claim at least. */
  at_least?: Level;
  /** How many times that level's requirement, as a decimal: `"1.25"`. */
  multiplier?: string;
  /** Leverage it must claim at most, as a decimal: `"10"`. */
  max_leverage?: string;
  /** Claim it must make, exactly: `"below:maintenance"`. */
  claim?: string;
  /** Largest age of the epoch's prices: `"15m"`, `"900s"`. */
  max_age?: string;
  /** How far ahead of the clock they may be; `"15s"` unless told. */
  max_clock_skew?: string;
  /** What the clock shows, in seconds since 1970; this machine's unless told. */
  now?: number;
  /** Deployment, `0x` and 62 digits. */
  context?: string;
  /** `0x` and 64 digits. */
  state_root?: string;
  /** `0x` and 64 digits. */
  market_root?: string;
  /** Digest of the margin model, `0x` and 62 digits. */
  model?: string;
  epoch_number?: number;
  /** `0x` and 40 digits. */
  account?: string;
  /** `0x` and 62 digits. */
  memo?: string;
  /** What need not be told; the verdict then says so. */
  waived?: Waivable[];
  /** Whether keys of which everybody can forge proofs count. For tests alone. */
  insecure_dev_srs?: boolean;
}

/** The public inputs of a proof. */
export interface Claim {
  context: string;
  epoch: number;
  account: string;
  state_root: string;
  market_root: string;
  model: string;
  /** `at-least:LEVEL` or `below:LEVEL`. */
  claim: string;
  /** Shortfall in quote units, a decimal; `"0"` for none told. */
  disclosed: string;
  memo?: string;
}

/** What a verifying key is. Compare the digest with the one your protocol publishes. */
export interface KeyReport {
  digest: string;
  circuit: string;
  srs: string;
  /** Whether everybody can forge its proofs. */
  insecure: boolean;
  proof_bytes: number;
}

/** `claimed`, `given`, `signed by M of N` or `proved`. */
export type Assurance = string;

/** A proof that holds under its key. */
export interface Proved {
  circuit: string;
  claim: Claim;
  key: KeyReport;
  /** The verdict in the words of `zkmargin verify`. */
  words: string;
  /** What the verdict rests on, in words. */
  rests_on?: string;
  /** What was neither told nor waived. */
  missing: Figure[];
  waived: Figure[];
  /** How well each figure is known. */
  assurance: Partial<Record<Figure | "disclosed", Assurance>>;
}

export type Outcome =
  /** Proved, with all that it is about: the only state that is an acceptance. */
  | ({ state: "accepted" } & Proved)
  /** The same of an account that is below a level. */
  | ({ state: "below" } & Proved)
  /** Proved, about something that was neither told nor waived: no acceptance. */
  | ({ state: "not-pinned" } & Proved)
  /** Its equations hold under a key of which everybody can forge proofs. */
  | { state: "insecure"; circuit: string; claim: Claim; key: KeyReport }
  /** Proved, about something else. */
  | { state: "mismatch"; circuit: string; claim: Claim; key: KeyReport; figure: Figure; reason: string }
  /** It does not prove what it says. */
  | { state: "invalid"; circuit: string; claim: Claim; key: KeyReport; reason: string }
  /** No proof file, or no proof in it. */
  | { state: "malformed"; reason: string }
  /** A proof that is not checked here: a transparent one, or one of a change. */
  | { state: "unsupported"; reason: string }
  /** No key was given, or one of another circuit or other powers of tau. */
  | { state: "unknown-key"; circuit: string; reason: string }
  | { state: "bad-key"; reason: string }
  /** What is expected cannot be read, is not signed as it must be, or is not fresh. */
  | { state: "bad-expected"; what: "epoch" | "signers" | "age" | "expected"; reason: string };

/**
 * Loads the wasm, once: from the file next to this module, or from what is
 * given. In node it is there already. Must have ended before anything else is
 * called.
 */
export function load(source?: WebAssembly.Module | BufferSource | Response | Promise<Response> | URL | string): Promise<void>;

/** Verifies a proof file under a key, and holds it to what is expected. Never throws on bad input. */
export function verify(proof: Uint8Array, key?: Uint8Array, expected?: Expected): Outcome;

/** What a key is. */
export function describeKey(key: Uint8Array): KeyReport | { state: "bad-key"; reason: string };

/** The largest proof file, in bytes. */
export function maxProofFileBytes(): number;

/** The largest epoch file, in bytes. */
export function maxEpochFileBytes(): number;
