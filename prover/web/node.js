// The same in node, where workers are other ones and there is no IndexedDB.

import { Worker } from "node:worker_threads";

import { ProvingError } from "./error.js";
import { job } from "./job.js";

export { ProvingError };

/** Proves in a worker of its own. */
export function prove(inputs, { wasm, ...options } = {}) {
  return job((hear, broke) => {
    const workerData = { inputs, wasm };
    const worker = new Worker(new URL("./node-worker.js", import.meta.url), {
      workerData,
      // What this process was started with is not for a worker.
      execArgv: [],
    });
    worker.on("message", hear);
    worker.on("error", (error) => broke(error.message));
    return worker;
  }, options);
}
