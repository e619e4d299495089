// The prover: a portfolio becomes a proof in a worker of this tab. `index.d.ts`
// describes it.

import { ProvingError } from "./error.js";

export { ProvingError };

/** Proves in a worker of its own, which ends with the proof, with an error, or
 * when `signal` says so: then nothing of it is left. */
export function prove(inputs, { onProgress = () => {}, signal, wasm } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const cancel = () => end(reject, signal.reason);
    const end = (settle, value) => {
      worker.terminate();
      signal?.removeEventListener("abort", cancel);
      settle(value);
    };
    signal?.addEventListener("abort", cancel, { once: true });
    worker.onmessage = ({ data: { progress, result, failed } }) => {
      if (progress) onProgress(progress);
      else if (result) end(resolve, result);
      else end(reject, new ProvingError(failed));
    };
    worker.onerror = (event) => {
      end(reject, new ProvingError({ error: event.message || "the worker could not start", hint: "" }));
    };
    worker.postMessage({ inputs, wasm });
  });
}
