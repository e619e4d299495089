// The stored vectors of the on-chain proof system, as proof files.

import { readFileSync, readdirSync } from "node:fs";

import { describeKey } from "../node.js";

const directory = new URL("../../vectors/kzg/", import.meta.url);
const LEVELS = ["bankrupt", "margin-call", "maintenance", "initial"];

export const read = (name) => readFileSync(new URL(name, directory));
export const key = read("small.vk");

const all = readdirSync(directory)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(read(name)));

/** A proof file with these public inputs. */
function proofFile(publicInputs, proof, keyBytes = key) {
  const number = (row) => BigInt(publicInputs[row]);
  const digits = (row, count) => `0x${publicInputs[row].slice(-count)}`;
  const claim = Number(number(6));
  return {
    format: "zkmargin-proof",
    version: 1,
    statement: 2,
    family: "standard",
    shape: "small",
    proof_system: "kzg",
    field: "bn254-fr",
    srs: describeKey(keyBytes).srs,
    instance: {
      context: digits(0, 62),
      epoch: Number(number(1)),
      account: digits(2, 40),
      state_root: publicInputs[3],
      market_root: publicInputs[4],
      model: digits(5, 62),
      claim: `${claim & 4 ? "below" : "at-least"}:${LEVELS[claim & 3]}`,
      disclosed: String(number(7)),
      memo: digits(8, 62),
    },
    proof: Buffer.from(proof.slice(2), "hex").toString("base64"),
  };
}

export const bytes = (file) => Buffer.from(JSON.stringify(file));

/** The valid proofs. */
export const valid = all.map((vectors) => proofFile(vectors.public_inputs, vectors.proof));

/** Every version of the proofs that a file can hold, with its verdict. */
export function* cases() {
  for (const { public_inputs, proof, cases } of all) {
    for (const { name, verdict, edit } of cases) {
      let edited = proof;
      let keyName = "small.vk";
      if (edit === "nothing") {
        // As it is.
      } else if (edit.replace) {
        const start = 2 + 2 * edit.replace.at;
        const digits = edit.replace.with.slice(2);
        edited = proof.slice(0, start) + digits + proof.slice(start + digits.length);
      } else if (edit.append) {
        edited = proof + edit.append.slice(2);
      } else if (edit.cut !== undefined) {
        edited = proof.slice(0, 2 + 2 * edit.cut);
      } else if (edit.key) {
        keyName = edit.key;
      } else {
        // Public inputs that are no instance have no file.
        continue;
      }
      const keyBytes = read(keyName);
      const file = bytes(proofFile(public_inputs, edited, keyBytes));
      yield { name, verdict, file, key: keyBytes };
    }
  }
}
