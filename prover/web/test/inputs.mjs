// Inputs of the tests: an account of two positions in a market of three, in both proof
// systems. The prices are of 2023.

import { readFileSync } from "node:fs";

export const root = new URL("../", import.meta.url);
export const fixture = (name) => readFileSync(new URL(`test/fixtures/${name}`, root));

/** What a proof is made of. */
export const inputs = (system) => ({
  portfolio: fixture("portfolio.json"),
  market: fixture(`market-${system}.json`),
  place: fixture(`path-${system}.json`),
  claim: "at-least:initial",
  // Powers of tau that everybody can compute: it is a test.
  ...(system === "kzg" ? { layout: "wide", insecure_dev_srs: true } : {}),
});

/** The layers of a proof file that a test looks at. */
export function read(proof) {
  const { format, family, shape, proof_system, layout, srs, instance } = JSON.parse(proof);
  return { format, circuit: [family, shape, proof_system, layout].filter(Boolean).join("-"), srs, claim: instance.claim };
}
