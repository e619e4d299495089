// The prover in node, and as a package that is installed elsewhere. Proofs are verified
// by `cargo test` (prover/wasm/tests). ZKMARGIN_BROWSER_PROOFS=1 makes one of the
// transparent system too.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { prove } from "../node.js";
import { fixture, inputs, read, root } from "./inputs.mjs";

const STAGES = ["check", "parameters", "key", "proof"];

/** Steps in this process, with the wasm loaded. */
async function steps() {
  const wasm = await import("../prover.js");
  wasm.initSync({ module: readFileSync(new URL("prover_bg.wasm", root)) });
  return { ...(await import("../steps.js")), ...wasm };
}

test("what is wrong is said before anything is computed", async () => {
  const { run } = await steps();
  const refused = async (changed, why, system = "ipa") => {
    const stages = [];
    const tell = ({ stage }) => stages.push(stage);
    await assert.rejects(run({ ...inputs(system), ...changed }, { tell }), (error) => {
      assert.match(error.message, why);
      assert.ok(error.hint.length > 0, error.message);
      return true;
    });
    return stages;
  };
  const checked = async (...what) => assert.deepEqual(await refused(...what), ["check"]);
  const portfolio = JSON.parse(fixture("portfolio.json"));
  await checked({ claim: "below:maintenance" }, /clause/);
  await checked({ claim: "at-most:initial" }, /^claim: allowed are at-least:LEVEL/);
  await checked({ disclose: true }, /no shortfall to disclose/);
  await checked({ shape: "tiny" }, /allowed are small, medium, large/);
  await checked({ layout: "tall" }, /of a market of ipa wide alone/);
  await checked({ layout: "square" }, /^layout: /, "kzg");
  await checked({ portfolio: "{}" }, /^the portfolio: /);
  await checked({ portfolio: JSON.stringify({ ...portfolio, cash: "1" }) }, /commitment|opening|blinding/i);
  await checked({ market: "{}" }, /^the market: /);
  await checked({ place: "{}" }, /^the state or path: /);
  await checked({ place: fixture("path-kzg.json") }, /^the state or path: /);
  await checked({ surprise: 1 }, /unknown field `surprise`/);
  // Powers of tau are looked at next: none, what is none, and those that prove nothing.
  const later = async (changed, why) =>
    assert.deepEqual(await refused({ ...changed, insecure_dev_srs: false }, why, "kzg"), ["check", "parameters"]);
  await later({}, /needs powers of tau of size 2\^12/);
  await later({ layout: "tall" }, /needs powers of tau of size 2\^13/);
  await later({ srs: "nothing of the kind" }, /^the powers of tau: /);
});

test("kept parameters are taken back, unless they were changed", { skip: !process.env.ZKMARGIN_BROWSER_PROOFS }, async () => {
  const { run, Job } = await steps();
  const kept = new Map();
  const store = { get: async (k) => kept.get(k), put: async (k, bytes) => kept.set(k, bytes) };
  const stages = [];
  const { proof } = await run(inputs("ipa"), { tell: ({ stage }) => stages.push(stage), store });
  assert.deepEqual(stages, STAGES);
  assert.deepEqual(read(proof).circuit, "standard-small-ipa");
  const { portfolio, market, place, ...request } = inputs("ipa");
  const job = new Job();
  job.prepare(portfolio, String(market), place, JSON.stringify(request));
  const [bytes] = kept.values();
  assert.deepEqual(JSON.parse(job.take_params(bytes)), {});
  const changed = Uint8Array.from(bytes);
  changed[changed.length >> 1] ^= 1;
  assert.match(JSON.parse(job.take_params(changed)).error, /the checksum does not match/);
  job.free();
});

test("a job that is cancelled ends at once", async () => {
  await assert.rejects(prove(inputs("kzg"), { signal: AbortSignal.abort() }), { name: "AbortError" });
  const cancelled = new AbortController();
  const onProgress = ({ stage }) => stage === "key" && cancelled.abort();
  await assert.rejects(prove(inputs("kzg"), { onProgress, signal: cancelled.signal }), { name: "AbortError" });
});

/** What a user of the package writes. */
const USE = `
import { readFileSync } from "node:fs";
import { prove } from "@zk-margin/prover";

const file = (name) => readFileSync(name);
const stages = [];
// Of all threads: how busy the machine is does not count.
const spent = () => process.cpuUsage().user / 1e6;
const result = await prove(
  {
    portfolio: file("portfolio.json"), market: file("market.json"), place: file("state.json"),
    claim: "at-least:maintenance", layout: "wide", insecure_dev_srs: true,
  },
  { onProgress: ({ stage }) => stages.push([stage, spent()]) },
);
stages.push(["end", spent()]);
console.log(JSON.stringify({ ...result, stages }));
`;

test("packs, installs elsewhere and proves there", () => {
  const npm = (cwd, ...args) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const place = mkdtempSync(join(tmpdir(), "zkmargin-npm-"));
  try {
    const packed = JSON.parse(npm(fileURLToPath(root), "pack", "--json", "--pack-destination", place));
    const [{ filename, files }] = packed;
    const { files: listed } = JSON.parse(readFileSync(new URL("package.json", root)));
    assert.deepEqual(files.map(({ path }) => path).sort(), ["README.md", "package.json", ...listed].sort());
    writeFileSync(join(place, "package.json"), '{"type":"module","private":true}');
    npm(place, "install", "--offline", "--no-audit", "--no-fund", join(place, filename));
    for (const [name, from] of [["portfolio", "portfolio"], ["market", "market-kzg"], ["state", "state-kzg"]]) {
      writeFileSync(join(place, `${name}.json`), fixture(`${from}.json`));
    }
    writeFileSync(join(place, "use.js"), USE);
    const result = JSON.parse(execFileSync(process.execPath, ["use.js"], { cwd: place, encoding: "utf8" }));
    assert.deepEqual(result.stages.map(([stage]) => stage), [...STAGES, "end"]);
    const said = read(result.proof);
    assert.equal(said.circuit, "standard-small-kzg-wide");
    assert.equal(said.claim, "at-least:maintenance");
    assert.match(said.srs, /^insecure-dev:/);
    assert.equal(result.circuit, said.circuit);
    // Nothing of the portfolio is in the proof.
    for (const secret of ["5a5a5a", "0.48213", "2.3391", "20417"]) assert.ok(!result.proof.includes(secret));
    const lasted = result.stages.slice(1).map(([, end], i) => `${result.stages[i][0]} ${(end - result.stages[i][1]).toFixed(1)} s`);
    console.log(`node, CPU time: ${lasted.join(", ")}; ${(result.memory_bytes / 2 ** 20).toFixed(0)} MiB`);
  } finally {
    rmSync(place, { recursive: true });
  }
});

test("the page looks like the verifier's", () => {
  const theirs = new URL("../../verifier/web/style.css", root);
  if (existsSync(theirs)) assert.deepEqual(readFileSync(new URL("style.css", root)), readFileSync(theirs));
});
