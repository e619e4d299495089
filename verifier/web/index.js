// The verifier: bytes in, verdicts out. `index.d.ts` describes it. Nothing is
// fetched but the wasm, and nothing is kept.

import init, * as wasm from "./verifier.js";

let loading;

/** Loads the wasm, once: the file next to this one, or what is given. */
export const load = (source) =>
  (loading ??= init(source === undefined ? undefined : { module_or_path: source }).then(() => {}));

const text = (value) => (value === undefined || typeof value === "string" ? value : JSON.stringify(value));

/** Verifies a proof file under a key, and holds it to what is expected. */
export function verify(proof, key, expected = {}) {
  const now = Math.floor(Date.now() / 1000);
  const { epoch, signers, ...others } = expected;
  const told = { now, ...others, epoch: text(epoch), signers: text(signers) };
  return JSON.parse(wasm.verify(proof, key, JSON.stringify(told)));
}

/** What a key is, or the outcome `bad-key`. */
export const describeKey = (key) => JSON.parse(wasm.describeKey(key));

/** The largest proof file, in bytes. */
export const maxProofFileBytes = () => wasm.maxProofFileBytes();

/** The largest epoch file, in bytes; no list of signers is larger. */
export const maxEpochFileBytes = () => wasm.maxEpochFileBytes();
