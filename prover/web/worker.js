// The worker that proves: one job, and it is ended.

import init from "./prover.js";
import { run } from "./steps.js";
import { openStore } from "./store.js";

self.onmessage = async ({ data: { inputs, wasm } }) => {
  try {
    const { memory } = await init(wasm === undefined ? undefined : { module_or_path: wasm });
    const tell = (progress) => self.postMessage({ progress });
    const result = await run(inputs, { tell, store: await openStore() });
    self.postMessage({ result: { ...result, memory_bytes: memory.buffer.byteLength } });
  } catch (error) {
    self.postMessage({ failed: { error: error.message, hint: error.hint ?? "" } });
  }
};
