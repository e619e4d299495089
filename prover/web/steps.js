// From inputs to a proof, step by step; the same in a worker and in node. The
// wasm is loaded before.

import { ProvingError } from "./error.js";
import { Job } from "./prover.js";

const bytes = (value) => (typeof value === "string" ? new TextEncoder().encode(value) : value);
const text = (value) => (typeof value === "string" ? value : new TextDecoder().decode(value));

/** What a step said, or its error. */
function said(json) {
  const answer = JSON.parse(json);
  if (answer.error) throw new ProvingError(answer);
  return answer;
}

/** Public parameters: powers of tau as they are given, or what an earlier job made,
 * or made here. The wasm checks what it takes. */
async function parameters(job, { k, proof_system }, srs, store) {
  if (proof_system === "kzg") {
    if (srs) said(job.take_params(bytes(srs)));
    else said(job.make_params());
    return;
  }
  const kept = await store?.get(k);
  if (kept && !JSON.parse(job.take_params(kept)).error) return;
  said(job.make_params());
  const made = job.kept();
  if (made) await store?.put(k, made);
}

/** Proves. `tell` hears `{ stage, ... }` before each step, and is waited for;
 * `store` has `get(k)` and `put(k, bytes)` for parameters, which are the same
 * for everyone. */
export async function run({ portfolio, market, place, srs, ...request }, { tell = () => {}, store } = {}) {
  const job = new Job();
  try {
    await tell({ stage: "check" });
    const ready = said(job.prepare(bytes(portfolio), text(market), bytes(place), JSON.stringify(request)));
    await tell({ stage: "parameters", ...ready });
    await parameters(job, ready, srs, store);
    await tell({ stage: "key", ...ready });
    said(job.make_key());
    await tell({ stage: "proof", ...ready });
    const { proof } = said(job.prove());
    return { proof, ...ready };
  } finally {
    // What the wasm holds of the portfolio is zeroed there.
    job.free();
  }
}
