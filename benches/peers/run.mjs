// Proves the same statement in other proof systems and prints one table: README.md.
// No figure of a proof that did not verify.
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { checkCircom, circomName, circomSystems, proveCircom, setUpCircom } from "./circom.mjs";
import { noirName, proveNoir, setUpNoir } from "./noir.mjs";
import { layouts, ours } from "./ours.mjs";

const RUNS = 3;
const COLUMNS = ["statement in", "prove", "CPU", "verify", "proof bytes", "peak memory", "gas"];

const [input, ...options] = process.argv.slice(2);
if (process.send) {
  await measured(options[0]);
} else {
  await main();
}

async function main() {
  if (!input || !existsSync(input)) {
    throw new Error("node run.mjs INPUT.json [REPORT | --check]: README.md says what they are");
  }
  for (const system of circomSystems) await checkCircom(system, inputs());
  console.log("the inputs satisfy the circom circuit");
  if (options[0] === "--check") process.exit(0);
  for (const system of circomSystems) await setUpCircom(system);
  await setUpNoir();
  console.log(`${cpus().length} processors, load ${loadavg()[0].toFixed(1)}`);
  console.log(`| ${COLUMNS.join(" | ")} |\n|${"---|".repeat(COLUMNS.length)}`);
  for (const system of circomSystems) await row(circomName(system), system);
  await row(noirName, "noir");
  if (options[0]) for (const layout of layouts) print(await ours(options[0], layout));
  process.exit(0); // snarkjs keeps workers.
}

function inputs() {
  return JSON.parse(readFileSync(input, "utf8"));
}

/** The median of some proofs, each in a process of its own: time and memory are its own. */
async function row(name, system) {
  const runs = [];
  for (let run = 0; run < RUNS; run++) runs.push(await child(system));
  runs.sort((a, b) => a.prove - b.prove);
  const { prove, cpu, verify, bytes, memory, gas } = runs[Math.floor(RUNS / 2)];
  const seconds = (value) => `${value.toFixed(2)} s`;
  const checked = verify === undefined ? "-" : `${(1e3 * verify).toFixed(0)} ms`;
  const counted = bytes.toLocaleString("en");
  print([name, seconds(prove), seconds(cpu), checked, counted, `${memory} MiB`, gas.toLocaleString("en")]);
}

function print(cells) {
  console.log(`| ${cells.join(" | ")} |`);
}

function child(system) {
  return new Promise((resolve, reject) => {
    const process_ = fork(process.argv[1], [input, system]);
    process_.on("message", resolve);
    process_.on("exit", (code) => code === 0 || reject(new Error(`${system}: the proof failed`)));
  });
}

/** One proof, in a child process. */
async function measured(system) {
  const prove = system === "noir" ? proveNoir(inputs()) : proveCircom(system, inputs());
  const figures = await prove;
  process.send(figures, () => process.exit(0));
}
