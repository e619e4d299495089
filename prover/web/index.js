// The prover: a portfolio becomes a proof in a worker of this tab. `index.d.ts`
// describes it.

import { ProvingError } from "./error.js";
import { job } from "./job.js";

export { ProvingError };

/** Proves in a worker of its own. */
export function prove(inputs, { wasm, ...options } = {}) {
  return job((hear, broke) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }) => hear(data);
    worker.onerror = (event) => broke(event.message);
    worker.postMessage({ inputs, wasm });
    return worker;
  }, options);
}
