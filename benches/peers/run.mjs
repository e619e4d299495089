// Proves the same statement in other proof systems and prints one table: README.md.
// No figure of a proof that did not verify.
import { execFileSync, fork } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as snarkjs from "snarkjs";
import { writePtau } from "./ptau.mjs";

const OUT = "out";
const RUNS = 3;
/** What a Groth16 verifier's precompiles cost at the least (EIP-1108): a pairing of
 * four, and a multiplication and an addition for each of eight public inputs. */
const GROTH16_GAS = 45_000 + 4 * 34_000 + 8 * 6_150;

const [input, last] = process.argv.slice(2);
const checkOnly = last === "--check";
const report = checkOnly ? undefined : last;
if (process.send) {
  await measured();
} else {
  await main();
}

async function main() {
  if (!input || !existsSync(input)) {
    throw new Error("node run.mjs INPUT.json [REPORT | --check]: README.md says what they are");
  }
  mkdirSync(OUT, { recursive: true });
  compile();
  await checkWitness();
  if (checkOnly) process.exit(0);
  await setUp();
  const rows = [await groth16()];
  if (report) rows.push(ours("tall"), ours("wide"));
  console.log("| statement in | prove | CPU | verify | proof bytes | peak memory | gas |");
  console.log("|---|---|---|---|---|---|---|");
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

function compile() {
  if (existsSync(`${OUT}/small.r1cs`)) return;
  const options = ["-l", "node_modules", "--r1cs", "--wasm", "--O2", "-o", OUT];
  execFileSync("npx", ["circom2", "circom/small.circom", ...options], { stdio: "inherit" });
}

/** The inputs satisfy the circuit: cheaper to know before keys are made. */
async function checkWitness() {
  const witness = { type: "mem" };
  await snarkjs.wtns.calculate(inputs(), `${OUT}/small_js/small.wasm`, witness);
  if (!(await snarkjs.wtns.check(`${OUT}/small.r1cs`, witness))) {
    throw new Error("the inputs do not satisfy the circuit");
  }
  console.log("the inputs satisfy the circuit");
}

function inputs() {
  return JSON.parse(readFileSync(input, "utf8"));
}

/** Keys under powers of tau that are thrown away. */
async function setUp() {
  if (existsSync(`${OUT}/small.key.json`)) return;
  const curve = await snarkjs.curves.getCurveFromName("bn128");
  const { nConstraints, nPubInputs } = await snarkjs.r1cs.info(`${OUT}/small.r1cs`);
  const power = Math.ceil(Math.log2(nConstraints + nPubInputs + 1));
  await writePtau(curve, power, `${OUT}/small.ptau`);
  await snarkjs.zKey.newZKey(`${OUT}/small.r1cs`, `${OUT}/small.ptau`, `${OUT}/small.zkey`);
  const key = await snarkjs.zKey.exportVerificationKey(`${OUT}/small.zkey`);
  writeFileSync(`${OUT}/small.key.json`, JSON.stringify(key));
  await curve.terminate();
}

/** Each proof in a process of its own, so that time and memory are its own. */
async function groth16() {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await child());
  runs.sort((a, b) => a.prove - b.prove);
  const { prove, cpu, verify, memory } = runs[Math.floor(RUNS / 2)];
  const seconds = (s) => `${s.toFixed(2)} s`;
  const bytes = 2 * 64 + 128;
  return [
    "circom, snarkjs Groth16",
    seconds(prove),
    seconds(cpu),
    `${(1e3 * verify).toFixed(0)} ms`,
    bytes,
    `${memory} MiB`,
    `${GROTH16_GAS} in precompiles`,
  ];
}

function child() {
  return new Promise((resolve, reject) => {
    const process_ = fork(process.argv[1], [input]);
    process_.on("message", resolve);
    process_.on("exit", (code) => code === 0 || reject(new Error("the proof failed")));
  });
}

/** One proof, in a child process. */
async function measured() {
  const witness = { type: "mem" };
  await snarkjs.wtns.calculate(inputs(), `${OUT}/small_js/small.wasm`, witness);
  const before = process.cpuUsage();
  const start = performance.now();
  const { proof, publicSignals } = await snarkjs.groth16.prove(`${OUT}/small.zkey`, witness);
  const prove = (performance.now() - start) / 1e3;
  const { user, system } = process.cpuUsage(before);
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  const key = JSON.parse(readFileSync(`${OUT}/small.key.json`, "utf8"));
  const checking = performance.now();
  if (!(await snarkjs.groth16.verify(key, publicSignals, proof))) {
    throw new Error("the proof does not verify");
  }
  const verify = (performance.now() - checking) / 1e3;
  process.send({ prove, cpu: (user + system) / 1e6, verify, memory }, () => process.exit(0));
}

/** The row that our own report prints of a layout. */
function ours(layout) {
  const text = execFileSync(report, ["kzg", layout, "standard", "small"], { encoding: "utf8" });
  const [head, row] = ["| proof system |", `| kzg | ${layout} | standard | small |`].map((start) =>
    text.split("\n").find((line) => line.startsWith(start)),
  );
  if (!row) throw new Error("the report has no such row");
  const [names, cells] = [head, row].map((line) => line.split("|").map((cell) => cell.trim()));
  const cell = (name) => cells[names.indexOf(name)];
  return [
    `zk-margin, KZG, ${layout}`,
    cell("prove"),
    cell("prove, CPU"),
    cell("verify"),
    cell("proof bytes"),
    cell("peak memory"),
    "see verifier/contracts",
  ];
}
