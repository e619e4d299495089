// Noir and barretenberg's UltraHonk, zero-knowledge, with the transcript of its contracts.
//
// Barretenberg checks proofs against the ceremony's point in G2, which is in its code, and
// fetches the rest of the ceremony from a server. Where that cannot be reached, the powers
// here are our own, and the check is done by the contract that barretenberg writes, with
// its point in G2 exchanged: so no time of a native verification is printed.
import { mkdirSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Barretenberg, BackendType, UltraHonkBackend } from "@aztec/bb.js";
import { Noir } from "@noir-lang/noir_js";
import { compile, createFileManager } from "@noir-lang/noir_wasm";
import * as snarkjs from "snarkjs";
import { gasOf } from "./evm.mjs";
import { noirInputs } from "./inputs.mjs";
import { writeCrs } from "./ptau.mjs";

const FOLDER = resolve("out/noir");
const PROGRAM = `${FOLDER}/margin.json`;
/** The circuit has 11,533 gates: 2^14, and a few for blinding. */
const POINTS = 2 ** 15;
const TARGET = { verifierTarget: "evm" };
const SETTINGS = {
  ipaAccumulation: false,
  oracleHashType: "keccak",
  disableZk: false,
  optimizedSolidityVerifier: false,
};

export const noirName = "Noir, barretenberg UltraHonk (Poseidon2)";

export async function setUpNoir() {
  mkdirSync(FOLDER, { recursive: true });
  if (!existsSync(PROGRAM)) {
    const { program } = await compile(createFileManager(resolve("noir")));
    writeFileSync(PROGRAM, JSON.stringify(program));
  }
  if (!existsSync(`${FOLDER}/bn254_g2.dat`)) {
    writeCrs(await snarkjs.curves.getCurveFromName("bn128"), POINTS, FOLDER);
  }
}

/** One proof in a process of barretenberg's own, which is asked for its time and memory. */
export async function proveNoir(inputs) {
  process.env.CRS_PATH = FOLDER; // Its option crsPath is for the wasm build.
  const program = JSON.parse(readFileSync(PROGRAM, "utf8"));
  const api = await Barretenberg.new({ backend: BackendType.NativeUnixSocket });
  const { witness } = await new Noir(program).execute(await noirInputs(api, inputs));
  const backend = new UltraHonkBackend(program.bytecode, api);
  const key = await backend.getVerificationKey(TARGET);
  const child = onlyChild();
  const before = cpuOf(child);
  const start = performance.now();
  const proof = await prove(api, backend, witness, key);
  const seconds = (performance.now() - start) / 1e3;
  const cpu = cpuOf(child) - before;
  const memory = memoryOf(child);
  const gas = await noirGas(backend, key, proof);
  await api.destroy();
  return { prove: seconds, cpu, memory, gas, bytes: 32 * proof.proof.length };
}

/** As `UltraHonkBackend.generateProof`, which makes the verification key in every proof. */
async function prove(api, backend, witness, verificationKey) {
  const { gunzipSync } = await import("node:zlib");
  const bytecode = backend.acirUncompressedBytecode;
  return await api.circuitProve({
    witness: gunzipSync(witness),
    circuit: { name: "margin", bytecode, verificationKey },
    settings: SETTINGS,
  });
}

async function noirGas(backend, key, { proof, publicInputs }) {
  const source = withOurPoint(await backend.getSolidityVerifier(key, TARGET));
  const word = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  const length = 32 * proof.length;
  // (bytes proof, bytes32[] inputs): two offsets, then each with its length.
  const words = [64n, BigInt(96 + length), BigInt(length), ...proof.map(word)];
  words.push(BigInt(publicInputs.length), ...publicInputs.map(word));
  const signature = "verify(bytes,bytes32[])";
  return await gasOf({ source, contract: "HonkVerifier", signature, words });
}

/** The contract with the point in G2 of our powers in place of the ceremony's. */
function withOurPoint(source) {
  const point = readFileSync(`${FOLDER}/bn254_g2.dat`).toString("hex").match(/.{64}/g);
  // The EVM has the part of the root first.
  const ours = [1, 0, 3, 2].map((at) => `0x${point[at]}`);
  const theirs = [
    "0x260e01b251f6f1c7e7ff4e580791dee8ea51d87a358e038b4efe30fac09383c1",
    "0x0118c4d5b837bcc2bc89b5b398b5974e9f5944073b32078b7e231fec938883b0",
    "0x04fc6369f7110fe3d25156c1bb9a72859cf2a04641f99ba4ee413c80da6a5fe4",
    "0x22febda3c0c0632a56475b4214e5615e11e6dd3f96e6cea2854a87d4dacc5e55",
  ];
  return theirs.reduce((text, constant, index) => {
    if (text.split(constant).length !== 2) {
      throw new Error("the contract does not name the ceremony's point once");
    }
    return text.replace(constant, ours[index]);
  }, source);
}

/** Linux alone says who one's children are and what they took. */
function onlyChild() {
  const tasks = readdirSync(`/proc/${process.pid}/task`);
  const children = tasks.flatMap((task) =>
    readFileSync(`/proc/${process.pid}/task/${task}/children`, "utf8").trim().split(" "),
  );
  const [child, ...others] = children.filter((id) => id !== "");
  if (!child || others.length > 0) throw new Error("barretenberg's process was not found");
  return child;
}

/** CPU seconds of a process: ticks of a hundredth. */
function cpuOf(process_) {
  const stat = readFileSync(`/proc/${process_}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Peak memory of a process in MiB. */
function memoryOf(process_) {
  const status = readFileSync(`/proc/${process_}/status`, "utf8");
  return Math.round(Number(status.match(/VmHWM:\s+(\d+)/)[1]) / 1024);
}
