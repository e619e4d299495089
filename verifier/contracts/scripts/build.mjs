// Compiles every contract with the pinned compiler and writes ABI and bytecode
// to artifacts/; with --check compares with what is there. The output depends on nothing but the sources and the lock
// file: no metadata, no paths.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const settings = (optimizer) => ({
  evmVersion: "cancun",
  optimizer,
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: {
    "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
  },
});
const general = settings({ enabled: true, runs: 1_000 });
// Generated verifiers are one long piece of assembly. The optimizer of Yul takes
// forever on it, and the pipeline through Yul (viaIR) is known to compile
// verifiers to contracts that always revert: the optimizer of opcodes alone.
const generated = settings({ enabled: true, runs: 1_000_000, details: { yul: false } });

function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".sol"))
    .sort();
}

function findImport(path) {
  try {
    return { contents: readFileSync(join(root, "node_modules", path), "utf8") };
  } catch {
    return { error: `${path} not found: run npm ci` };
  }
}

function compile(files, settings) {
  const read = (file) => [file, { content: readFileSync(join(root, file), "utf8") }];
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(files.map(read)),
    settings,
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  // 2394: OpenZeppelin's transient reentrancy guard uses transient storage.
  const messages = (output.errors ?? []).filter((message) => message.errorCode !== "2394");
  for (const message of messages) console.error(message.formattedMessage);
  if (messages.length > 0) process.exit(1);
  // Libraries are compiled into what uses them.
  return files
    .filter((file) => !file.startsWith("src/lib/"))
    .flatMap((file) => Object.entries(output.contracts[file] ?? {}));
}

const LIMIT = 24_576; // EIP-170
const artifacts = new Map();
for (const [name, contract] of [
  ...compile([...sources("src"), ...sources("test")], general),
  ...compile(sources("generated"), generated),
]) {
  const { bytecode, deployedBytecode } = contract.evm;
  if (bytecode.object === "") continue; // an interface, or abstract
  const size = deployedBytecode.object.length / 2;
  console.log(`${name}: ${size} bytes of code`);
  if (size > LIMIT) fail(`${name} is over the limit of ${LIMIT} bytes`);
  const artifact = { contractName: name, abi: contract.abi, bytecode: `0x${bytecode.object}` };
  artifacts.set(`${name}.json`, `${JSON.stringify(artifact, null, 1)}\n`);
}

const folder = join(root, "artifacts");
if (process.argv.includes("--check")) check();
else write();

function write() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [file, text] of artifacts) writeFileSync(join(folder, file), text);
}

// The committed artifacts are what these sources compile to, byte for byte.
function check() {
  const committed = readdirSync(folder).sort();
  const built = [...artifacts.keys()].sort();
  if (committed.join() !== built.join()) fail(`artifacts: ${committed} committed, ${built} built`);
  for (const [file, text] of artifacts) {
    if (readFileSync(join(folder, file), "utf8") !== text) fail(`${file} differs: npm run build`);
  }
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
