// snarkjs' proof systems over the circom circuit. A PLONK row adds three wires, so it
// takes the circuit with short sums (--O1: a fifth of the rows that --O2 gives); for
// Groth16 sums are free, and --O2 leaves half the constraints.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as snarkjs from "snarkjs";
import { gasOf } from "./evm.mjs";
import { writePlonkPtau, writePtau } from "./ptau.mjs";

const OUT = "out";
const TEMPLATES = "node_modules/snarkjs/templates";

const SYSTEMS = {
  groth16: {
    name: "circom, snarkjs Groth16",
    optimize: "--O2",
    setUp: async (curve, paths) => {
      await writePtau(curve, await groth16Power(paths.r1cs), paths.ptau);
      await snarkjs.zKey.newZKey(paths.r1cs, paths.ptau, paths.zkey);
    },
    contract: "Groth16Verifier",
    calldata: "verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[8])",
    bytes: 2 * 64 + 128,
  },
  plonk: {
    name: "circom, snarkjs PLONK",
    optimize: "--O1",
    setUp: async (curve, paths) => {
      await writePlonkPtau(curve, PLONK_POWER, paths.ptau);
      if ((await snarkjs.plonk.setup(paths.r1cs, paths.ptau, paths.zkey)) === -1) {
        throw new Error(`the circuit has more than 2^${PLONK_POWER} rows`);
      }
    },
    contract: "PlonkVerifier",
    calldata: "verifyProof(uint256[24],uint256[8])",
    bytes: 9 * 64 + 6 * 32,
  },
};

/** 114,104 rows of the small circuit. */
const PLONK_POWER = 17;

export const circomSystems = Object.keys(SYSTEMS);
export const circomName = (system) => SYSTEMS[system].name;

function pathsOf(system) {
  const folder = `${OUT}/${system}`;
  return {
    folder,
    r1cs: `${folder}/small.r1cs`,
    wasm: `${folder}/small_js/small.wasm`,
    ptau: `${folder}/small.ptau`,
    zkey: `${folder}/small.zkey`,
    key: `${folder}/small.key.json`,
  };
}

/** Compiles, and says whether the inputs satisfy the circuit: cheaper to know before
 * keys are made. */
export async function checkCircom(system, inputs) {
  const paths = pathsOf(system);
  mkdirSync(paths.folder, { recursive: true });
  if (!existsSync(paths.r1cs)) {
    const options = ["-l", "node_modules", "--r1cs", "--wasm", SYSTEMS[system].optimize];
    const arguments_ = ["circom2", "circom/small.circom", ...options, "-o", paths.folder];
    execFileSync("npx", arguments_, { stdio: "inherit" });
  }
  const witness = { type: "mem" };
  await snarkjs.wtns.calculate(inputs, paths.wasm, witness);
  if (!(await snarkjs.wtns.check(paths.r1cs, witness))) {
    throw new Error("the inputs do not satisfy the circuit");
  }
}

/** Keys under powers of tau that are thrown away. */
export async function setUpCircom(system) {
  const paths = pathsOf(system);
  if (existsSync(paths.key)) return;
  const curve = await snarkjs.curves.getCurveFromName("bn128");
  await SYSTEMS[system].setUp(curve, paths);
  const key = await snarkjs.zKey.exportVerificationKey(paths.zkey);
  writeFileSync(paths.key, JSON.stringify(key));
}

async function groth16Power(r1cs) {
  const { nConstraints, nPubInputs } = await snarkjs.r1cs.info(r1cs);
  return Math.ceil(Math.log2(nConstraints + nPubInputs + 1));
}

/** One proof: the witness is made before the clock starts, as in our own row. */
export async function proveCircom(system, inputs) {
  const paths = pathsOf(system);
  const witness = { type: "mem" };
  await snarkjs.wtns.calculate(inputs, paths.wasm, witness);
  const before = process.cpuUsage();
  const start = performance.now();
  const { proof, publicSignals } = await snarkjs[system].prove(paths.zkey, witness);
  const prove = (performance.now() - start) / 1e3;
  const { user, system: kernel } = process.cpuUsage(before);
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);
  const key = JSON.parse(readFileSync(paths.key, "utf8"));
  const checking = performance.now();
  if (!(await snarkjs[system].verify(key, publicSignals, proof))) {
    throw new Error("the proof does not verify");
  }
  const verify = (performance.now() - checking) / 1e3;
  const cpu = (user + kernel) / 1e6;
  const gas = await circomGas(system, proof, publicSignals);
  return { prove, cpu, verify, memory, gas, bytes: SYSTEMS[system].bytes };
}

/** Gas of the verifier that snarkjs writes in Solidity. */
async function circomGas(system, proof, publicSignals) {
  const { contract, calldata } = SYSTEMS[system];
  const template = readFileSync(`${TEMPLATES}/verifier_${system}.sol.ejs`, "utf8");
  const source = await snarkjs.zKey.exportSolidityVerifier(pathsOf(system).zkey, {
    [system]: template,
  });
  // Numbers as snarkjs prints them for Solidity, in the order of the arguments: all of
  // them are fixed arrays, so their encoding is one after the other.
  const printed = await snarkjs[system].exportSolidityCallData(proof, publicSignals);
  const words = printed.match(/0x[0-9a-fA-F]{1,64}/g).map(BigInt);
  return await gasOf({ source, contract, signature: calldata, words });
}
