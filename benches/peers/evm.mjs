// What a transaction straight to a verifier costs on a local EVM: 21,000, calldata at 16
// gas a byte (4 for a zero), and execution. A verifier that does not say yes has no figure.
import { Common, Hardfork, Mainnet } from "@ethereumjs/common";
import { createEVM } from "@ethereumjs/evm";
import { createAddressFromString } from "@ethereumjs/util";
import { keccak_256 } from "@noble/hashes/sha3.js";
import solc from "solc";

const GAS_LIMIT = 100_000_000n;
const CALLER = createAddressFromString(`0x${"11".repeat(20)}`);
/** Addresses 1 to 17. */
const PRECOMPILES = Array.from({ length: 17 }, (_, index) =>
  `0x${(index + 1).toString(16).padStart(40, "0")}`,
);

/** Compiles a source, deploys its libraries and the contract, and calls the function with
 * 32-byte words (already in the encoding of its arguments). */
export async function gasOf({ source, contract, signature, words }) {
  const contracts = compiled(source);
  const evm = await machine();
  return await call(evm, await deploy(evm, contracts, contract, new Map()), signature, words);
}

/** The same of a contract that is compiled already. */
export async function gasOfCode({ bytecode, signature, words }) {
  const evm = await machine();
  return await call(evm, await create(evm, bytecode.slice(2), "the contract"), signature, words);
}

async function machine() {
  return await createEVM({ common: new Common({ chain: Mainnet, hardfork: Hardfork.Osaka }) });
}

async function call(evm, address, signature, words) {
  const data = encoded(signature, words);
  // As a transaction begins: what it calls and the precompiles are warm, and nothing else.
  await evm.journal.cleanup();
  for (const warm of [address.toString(), ...PRECOMPILES]) evm.journal.addAlwaysWarmAddress(warm);
  const { execResult } = await evm.runCall({
    caller: CALLER,
    to: address,
    data,
    gasLimit: GAS_LIMIT,
  });
  const said = Buffer.from(execResult.returnValue).toString("hex");
  if (execResult.exceptionError || BigInt(`0x${said || "0"}`) !== 1n) {
    const { error } = execResult.exceptionError ?? { error: "it said no" };
    throw new Error(`the contract refuses the proof: ${error} ${said}`);
  }
  const calldata = data.reduce((sum, byte) => sum + (byte === 0 ? 4 : 16), 0);
  return 21_000 + calldata + Number(execResult.executionGasUsed);
}

function compiled(source) {
  const input = {
    language: "Solidity",
    sources: { "verifier.sol": { content: source } },
    settings: {
      optimizer: { enabled: true, runs: 200 },
      outputSelection: { "*": { "*": ["evm.bytecode"] } },
    },
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length > 0) throw new Error(errors[0].formattedMessage);
  return output.contracts["verifier.sol"];
}

/** Deploys a contract after the libraries that it is linked to. */
async function deploy(evm, contracts, name, deployed) {
  if (deployed.has(name)) return deployed.get(name);
  const { object, linkReferences } = contracts[name].evm.bytecode;
  let code = object;
  for (const [library, places] of Object.entries(linkReferences["verifier.sol"] ?? {})) {
    const address = (await deploy(evm, contracts, library, deployed)).toString().slice(2);
    for (const { start } of places) {
      code = code.slice(0, 2 * start) + address + code.slice(2 * start + 40);
    }
  }
  const address = await create(evm, code, name);
  deployed.set(name, address);
  return address;
}

async function create(evm, code, name) {
  const { createdAddress, execResult } = await evm.runCall({
    caller: CALLER,
    data: Buffer.from(code, "hex"),
    gasLimit: GAS_LIMIT,
  });
  if (execResult.exceptionError) throw new Error(`${name}: ${execResult.exceptionError.error}`);
  return createdAddress;
}

function encoded(signature, words) {
  const selector = Buffer.from(keccak_256(Buffer.from(signature))).subarray(0, 4);
  const bytes = words.map((word) => Buffer.from(word.toString(16).padStart(64, "0"), "hex"));
  return Buffer.concat([selector, ...bytes]);
}
