#!/usr/bin/env node
// One proof verified in many places: prints the README's table.
//
//     node tools/places.mjs
//
// Each place is a command that prints an object in JSON with a `place`; one whose
// tools are missing is left out, and said so.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const contract = "verifier/contracts/cosmwasm";
const PLACES = [
  ["native", "cargo run -q --release -p zkmargin-verifier --example kzg_throughput"],
  ["node", "npm run -s bench --prefix verifier/web"],
  ["wasmtime", "npm run -s bench:wasmtime --prefix verifier/web"],
  ["browser", "npm run -s bench:browser --prefix verifier/web"],
  [
    "CosmWasm VM",
    `${contract}/build.sh && cargo test -q --manifest-path ${contract}/Cargo.toml -p zkmargin-cosmwasm-vm -- --nocapture`,
  ],
  ["EVM", "cargo test -q -p zkmargin-evm --test all verifier:: -- --nocapture"],
];

/** The JSON lines that a command prints. */
function measure(name, command) {
  const { status, stdout, stderr } = spawnSync("bash", ["-c", command], { cwd: root, encoding: "utf8" });
  const lines = (stdout ?? "").match(/\{[^{}\n]*"place":[^{}\n]*\}/g) ?? [];
  if (status !== 0 || lines.length === 0) {
    console.error(`${name}: left out, \`${command}\` ended with ${status}`);
    console.error((stderr ?? "").split("\n").slice(-6).join("\n"));
  }
  return lines.map((line) => JSON.parse(line));
}

// Browser and CosmWasm need the page's packages.
spawnSync("npm", ["ci", "--silent", "--prefix", "verifier/web"], { cwd: root });

const thousands = (number) => number.toLocaleString("en-US");
const rows = PLACES.flatMap(([name, command]) => measure(name, command));
const native = rows.find((row) => row.place.startsWith("native"))?.milliseconds;

console.log("| place | time or gas | against native | code | memory |");
console.log("|---|---|---|---|---|");
for (const { place, milliseconds, gas, code_bytes, memory_bytes } of rows) {
  const cost = gas === undefined ? `${milliseconds.toFixed(1)} ms` : `${thousands(gas)} gas`;
  const ratio = native && milliseconds ? `${(milliseconds / native).toFixed(1)}` : "";
  const code = code_bytes ? `${thousands(code_bytes)} B` : "";
  const memory = memory_bytes ? `${(memory_bytes / 2 ** 20).toFixed(1)} MiB` : "";
  console.log(`| ${place} | ${cost} | ${ratio} | ${code} | ${memory} |`);
}
