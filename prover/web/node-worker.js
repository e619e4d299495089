// The worker in node: one job, and it is ended. Nothing is kept.

import { readFileSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";

import { initSync } from "./prover.js";
import { run } from "./steps.js";

try {
  const module = readFileSync(workerData.wasm ?? new URL("./prover_bg.wasm", import.meta.url));
  const { memory } = initSync({ module });
  const tell = (progress) => parentPort.postMessage({ progress });
  const result = await run(workerData.inputs, { tell });
  parentPort.postMessage({ result: { ...result, memory_bytes: memory.buffer.byteLength } });
} catch (error) {
  parentPort.postMessage({ failed: { error: error.message, hint: error.hint ?? "" } });
}
