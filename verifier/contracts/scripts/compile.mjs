// Compiles a verifier that `zkmargin evm export` wrote, for `zkmargin evm deploy`:
//
//     node scripts/compile.mjs VerifierStandardSmall.sol VerifierStandardSmall.json

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { compile, fail, generated } from "./solc.mjs";

const [source, output, ...others] = process.argv.slice(2);
if (!output || others.length > 0) fail("usage: node scripts/compile.mjs VERIFIER.sol OUTPUT.json");
const contracts = compile({ [basename(source)]: readFileSync(source, "utf8") }, generated);
if (contracts.length !== 1) fail(`${source} has ${contracts.length} contracts, one is expected`);
writeFileSync(output, contracts[0][1]);
