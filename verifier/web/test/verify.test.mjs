// The wasm in node: every stored vector that a proof file can hold.

import assert from "node:assert/strict";
import { test } from "node:test";

import { describeKey, maxProofFileBytes, verify } from "../node.js";
import { initSync } from "../verifier.js";
import { epochOf, signers } from "./sign.mjs";
import { bytes, cases, key, valid } from "./vectors.mjs";

// It is there already, and this says where.
const wasm = initSync();
// The stored vectors are under powers of tau for tests.
const expected = { insecure_dev_srs: true };
const state = (file, key, more) => verify(file, key, { ...expected, ...more }).state;

test("comes to every stored verdict", () => {
  let count = 0;
  for (const { name, verdict, file, key } of cases()) {
    assert.equal(state(file, key), verdict === "valid" ? "not-pinned" : verdict, name);
    count += 1;
  }
  assert.ok(count > 100, `${count} cases`);
});

test("tells who claims what", () => {
  const outcome = verify(bytes(valid[0]), key, expected);
  // A memo of nothing is not told.
  const { memo, ...said } = valid[0].instance;
  assert.match(memo, /^0x0+$/);
  assert.deepEqual(outcome.claim, said);
  assert.equal(outcome.key.digest, describeKey(key).digest);
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

test("nothing is accepted that was not told, and keys for tests are not by themselves", () => {
  assert.equal(verify(bytes(valid[0]), key).state, "insecure");
  const healthy = valid.find((file) => file.instance.claim.startsWith("at-least"));
  const [, at_least] = healthy.instance.claim.split(":");
  const told = { ...expected, epoch: epochOf(healthy), signers, at_least, max_age: "15m" };
  const accepted = verify(bytes(healthy), key, told);
  assert.equal(accepted.state, "accepted");
  assert.deepEqual(accepted.missing, []);
  assert.match(accepted.words, /^valid: 0x/);
  assert.equal(accepted.assurance.state_root, "signed by 2 of 3");
  for (const [left, missing] of [
    ["at_least", ["claim"]],
    ["max_age", ["age"]],
    ["signers", ["signers"]],
  ]) {
    const { [left]: _, ...rest } = told;
    const outcome = verify(bytes(healthy), key, rest);
    assert.equal(outcome.state, "not-pinned", left);
    assert.deepEqual(outcome.missing, missing);
    assert.equal(verify(bytes(healthy), key, { ...rest, waived: missing }).state, "accepted");
  }
  const { context, state_root, market_root, model } = healthy.instance;
  const single = { ...expected, context, state_root, market_root, model, at_least, waived: ["age"] };
  assert.equal(state(bytes(healthy), key, single), "accepted");
  assert.equal(state(bytes(healthy), key, { ...single, account: `0x${"ab".repeat(20)}` }), "mismatch");
});

test("what is told wrongly is refused in words", () => {
  const why = (told) => verify(bytes(valid[0]), key, told).reason;
  assert.match(why({ level: "initial" }), /unknown field `level`/);
  assert.match(why({ at_least: "bankrupt" }), /allowed are margin-call, maintenance, initial/);
  assert.match(why({ at_least: "initial", claim: "below:initial" }), /not both/);
  assert.match(why({ max_age: "15m" }), /needs an epoch file/);
  assert.match(why({ signers }), /signers are those of an epoch file/);
  assert.match(why({ multiplier: "2" }), /are of at_least/);
  assert.match(why({ epoch: "{}" }), /the epoch file: not the JSON/);
  assert.match(why({ waived: ["account"] }), /unknown variant/);
  const epoch = epochOf(valid[0]);
  assert.match(why({ epoch, signers, max_age: "15m", now: epoch.market_timestamp - 60 }), /in the future/);
  assert.match(why({ epoch, signers, max_age: "15m", now: 1.5 }), /cannot be read/);
});

test("stays small", () => {
  assert.ok(wasm.memory.buffer.byteLength <= 8 << 20);
});
