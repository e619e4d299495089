// Our own rows: what our report prints of a layout, and gas of the stored proofs of the
// contracts' tests, by the same EVM as the others'.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { gasOfCode } from "./evm.mjs";

const VERIFIER = "../../verifier";
const LAYOUTS = {
  tall: { artifact: "VerifierStandardSmall", story: "standard-small" },
  wide: { artifact: "VerifierStandardSmallWide", story: "standard-small-wide" },
};
export const layouts = Object.keys(LAYOUTS);

const LEVELS = ["bankrupt", "margin-call", "maintenance", "initial"];

/** The cells of a layout's row. */
export async function ours(report, layout) {
  const text = execFileSync(report, ["kzg", layout, "standard", "small"], { encoding: "utf8" });
  const [head, line] = ["| proof system |", `| kzg | ${layout} | standard | small |`].map((start) =>
    text.split("\n").find((candidate) => candidate.startsWith(start)),
  );
  if (!line) throw new Error("the report has no such row");
  const [names, cells] = [head, line].map((row) => row.split("|").map((cell) => cell.trim()));
  const cell = (name) => cells[names.indexOf(name)];
  const of = ["prove", "prove, CPU", "verify", "proof bytes", "peak memory"].map(cell);
  const gas = (await storedGas(LAYOUTS[layout])).toLocaleString("en");
  return [`zk-margin, KZG, ${layout}`, ...of, gas];
}

async function storedGas({ artifact, story }) {
  const read = (path) => JSON.parse(readFileSync(`${VERIFIER}/${path}`, "utf8"));
  const { bytecode } = read(`contracts/artifacts/${artifact}.json`);
  const { claim, proof } = read(`evm/vectors/${story}.json`).healthy;
  const words = proof.match(/.{64}/g).map((word) => BigInt(`0x${word}`));
  const length = BigInt(proof.length / 2);
  // (uint256[9] inputs, bytes proof): nine words, an offset, then the proof with its length.
  return await gasOfCode({
    bytecode,
    signature: "verify(uint256[9],bytes)",
    words: [...rows(claim), 320n, length, ...words],
  });
}

/** The public inputs, by row of the statement. */
function rows(claim) {
  const [side, level] = claim.claim.split(":");
  const code = LEVELS.indexOf(level) + (side === "below" ? 4 : 0);
  const roots = [claim.state_root, claim.market_root, claim.model];
  return [claim.context, claim.epoch, claim.account, ...roots, code, claim.disclosed, 0].map(BigInt);
}
