// Size, speed and memory of the wasm in node, next to the native verifier:
//
//     npm run bench --prefix verifier/web

import { readFileSync } from "node:fs";

import { initSync, verify } from "../verifier.js";
import { bytes, key, valid } from "./vectors.mjs";

const module = readFileSync(new URL("../verifier_bg.wasm", import.meta.url));
const wasm = initSync({ module });
const file = bytes(valid[0]);
const times = Array.from({ length: 40 }, () => {
  const start = performance.now();
  // It holds, under powers of tau for tests.
  if (JSON.parse(verify(file, key)).state !== "insecure") throw new Error("the proof does not hold");
  return performance.now() - start;
}).sort((a, b) => a - b);
const report = {
  place: `node ${process.version}`,
  milliseconds: times[times.length >> 1],
  code_bytes: module.length,
  memory_bytes: wasm.memory.buffer.byteLength,
};
console.log(JSON.stringify(report));
