// The package as it is published: packed, installed elsewhere and used there.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import * as api from "../index.js";
import { epochOf, signers } from "./sign.mjs";
import { bytes, key, valid } from "./vectors.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const npm = (cwd, ...args) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });

/** What a user of it writes. */
const USE = `
import { readFileSync } from "node:fs";
import { describeKey, load, verify } from "@zk-margin/verifier";

await load();
const [proof, key, told] = ["proof.json", "key.vk", "told.json"].map((name) => readFileSync(name));
const outcome = verify(proof, key, JSON.parse(told));
console.log(JSON.stringify({ ...outcome, digest: describeKey(key).digest }));
`;

test("packs, installs elsewhere and verifies there", () => {
  const place = mkdtempSync(join(tmpdir(), "zkmargin-npm-"));
  try {
    const [{ filename, files, size }] = JSON.parse(npm(root, "pack", "--json", "--pack-destination", place));
    assert.deepEqual(
      files.map(({ path }) => path).sort(),
      ["README.md", "index.d.ts", "index.js", "node.js", "package.json", "verifier.js", "verifier_bg.wasm"],
    );
    assert.ok(size < 300_000, `${size} bytes`);
    writeFileSync(join(place, "package.json"), '{"type":"module","private":true}');
    npm(place, "install", "--offline", "--no-audit", "--no-fund", join(place, filename));
    const healthy = valid.find((file) => file.instance.claim.startsWith("at-least"));
    const [, at_least] = healthy.instance.claim.split(":");
    const told = { epoch: epochOf(healthy), signers, at_least, max_age: "15m", insecure_dev_srs: true };
    writeFileSync(join(place, "proof.json"), bytes(healthy));
    writeFileSync(join(place, "key.vk"), key);
    writeFileSync(join(place, "told.json"), bytes(told));
    writeFileSync(join(place, "use.js"), USE);
    const said = execFileSync(process.execPath, ["use.js"], { cwd: place, encoding: "utf8" });
    const outcome = JSON.parse(said);
    assert.equal(outcome.state, "accepted");
    assert.equal(outcome.digest, outcome.key.digest);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("every function is in the types, and no other", () => {
  const types = readFileSync(join(root, "index.d.ts"), "utf8");
  const declared = [...types.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), Object.keys(api).sort());
});
