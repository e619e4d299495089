// The pinned compiler and its settings. Its output depends on nothing but the
// sources and the lock file: no metadata, no paths.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
export const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const settings = (optimizer, viaIR = false) => ({
  evmVersion: "cancun",
  viaIR,
  optimizer,
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: {
    "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
  },
});
// Through Yul: a tenth less code, and less gas.
export const general = settings({ enabled: true, runs: 200 }, true);
// What hashes: few runs would have the matrix copied from code to memory again and again.
export const hashing = settings({ enabled: true, runs: 1_000_000 });
// Generated verifiers are one long piece of assembly. The optimizer of Yul takes
// forever on it, and the pipeline through Yul (viaIR) is known to compile
// verifiers to contracts that always revert: the optimizer of opcodes alone.
export const generated = settings({ enabled: true, runs: 1_000_000, details: { yul: false } });

const LIMIT = 24_576; // EIP-170

function findImport(path) {
  try {
    return { contents: readFileSync(join(root, "node_modules", path), "utf8") };
  } catch {
    return { error: `${path} not found: run npm ci` };
  }
}

/** The artifacts of sources (texts by name), as [name of the contract, JSON]. */
export function compile(sources, settings) {
  const content = ([file, text]) => [file, { content: text }];
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(Object.entries(sources).map(content)),
    settings,
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport }));
  // 2394: OpenZeppelin's transient reentrancy guard uses transient storage.
  // Of others' sources errors alone count.
  const own = ({ severity, sourceLocation }) =>
    severity === "error" || !sourceLocation?.file.startsWith("solady/");
  const messages = (output.errors ?? []).filter(
    (message) => message.errorCode !== "2394" && own(message),
  );
  for (const message of messages) console.error(message.formattedMessage);
  if (messages.length > 0) process.exit(1);
  return (
    Object.keys(sources)
      // Libraries are compiled into what uses them.
      .filter((file) => !file.startsWith("src/lib/"))
      .flatMap((file) => Object.entries(output.contracts[file] ?? {}))
      // Neither interfaces nor abstract contracts have code.
      .filter(([, contract]) => contract.evm.bytecode.object !== "")
      .map(([name, contract]) => [name, artifact(name, contract)])
  );
}

function artifact(contractName, { abi, evm }) {
  const size = evm.deployedBytecode.object.length / 2;
  console.log(`${contractName}: ${size} bytes of code`);
  if (size > LIMIT) fail(`${contractName} is over the limit of ${LIMIT} bytes`);
  const bytecode = `0x${evm.bytecode.object}`;
  return `${JSON.stringify({ contractName, abi, bytecode }, null, 1)}\n`;
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}
