// The wasm in node: every stored vector that a proof file can hold.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { describeKey, initSync, maxProofFileBytes, verify } from "../verifier.js";
import { bytes, cases, key, valid } from "./vectors.mjs";

const wasm = initSync({ module: readFileSync(new URL("../verifier_bg.wasm", import.meta.url)) });
const state = (file, key) => JSON.parse(verify(file, key)).state;

test("comes to every stored verdict", () => {
  let count = 0;
  for (const { name, verdict, file, key } of cases()) {
    assert.equal(state(file, key), verdict, name);
    count += 1;
  }
  assert.ok(count > 100, `${count} cases`);
});

test("tells who claims what", () => {
  const outcome = JSON.parse(verify(bytes(valid[0]), key));
  // A memo of nothing is not told.
  const { memo, ...said } = valid[0].instance;
  assert.match(memo, /^0x0+$/);
  assert.deepEqual(outcome.claim, said);
  assert.equal(outcome.key.digest, JSON.parse(describeKey(key)).digest);
  assert.equal(outcome.key.insecure, true);
});

test("garbage is malformed, other circuits need other keys", () => {
  assert.equal(state(Buffer.from("garbage"), key), "malformed");
  assert.equal(state(Buffer.alloc(0), key), "malformed");
  assert.equal(state(Buffer.alloc(maxProofFileBytes() + 1, 32), key), "malformed");
  assert.equal(state(bytes({ ...valid[0], shape: "large" }), key), "unknown-key");
  assert.equal(state(bytes(valid[0])), "unknown-key");
  assert.equal(state(bytes(valid[0]), Buffer.from("zkmargin-vk")), "bad-key");
});

test("stays small", () => {
  assert.ok(wasm.memory.buffer.byteLength <= 8 << 20);
});
