// One job in a worker, whatever kind of worker it is.

import { ProvingError } from "./error.js";

/** Starts a worker and hears it out. It ends with the proof, with an error, or when
 * `signal` says so: then nothing of it is left. `start` is given what hears a message
 * and what hears a failure, and gives the worker. */
export function job(start, { onProgress = () => {}, signal } = {}) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = () => end(reject, signal.reason);
    const end = (settle, value) => {
      worker.terminate();
      signal?.removeEventListener("abort", cancel);
      settle(value);
    };
    signal?.addEventListener("abort", cancel, { once: true });
    const hear = ({ progress, result, failed }) => {
      if (progress) onProgress(progress);
      else if (result) end(resolve, result);
      else end(reject, new ProvingError(failed));
    };
    const broke = (message) =>
      end(reject, new ProvingError({ error: message || "the worker could not start", hint: "" }));
    const worker = start(hear, broke);
  });
}
