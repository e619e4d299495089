// Plants mutants in the contracts, one after the other, and runs forge's tests on
// each: a mutant that no test notices is a check that nothing holds in place.
//
//     npm run mutants                  all of them
//     npm run mutants -- clock paths   those whose file or words contain one of these
//
// The table says which test killed each; the run fails when one survives. It takes
// half a minute for each, on one core.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutants } from "./mutants.list.mjs";
import { fail, root } from "./solc.mjs";

const forge = join(root, "node_modules/@foundry-rs/forge-linux-amd64/bin/forge");
if (!existsSync(forge)) fail("forge is not there: npm ci brings it on Linux x86-64");

const wanted = process.argv.slice(2);
const chosen = mutants.filter(
  ({ file, what }) =>
    wanted.length === 0 || wanted.some((word) => `${file} ${what}`.toLowerCase().includes(word)),
);
if (chosen.length === 0) fail(`no mutant's file or words contain ${wanted.join(" or ")}`);

const stage = mkdtempSync(join(tmpdir(), "zkmargin-mutants-"));
process.on("exit", () => rmSync(stage, { recursive: true, force: true }));
for (const part of ["src", "test", "invariants", "scripts", "foundry.toml", "package.json"]) {
  cpSync(join(root, part), join(stage, part), { recursive: true });
}
symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));

/** The first test that fails; undefined when all pass, "compiler" when nothing runs. */
function killer() {
  const shim = join(stage, "scripts/solc-shim.mjs");
  // Tests by hand and the long random run: they notice all that the campaign does.
  const args = ["test", "--use", shim, "--offline", "--match-test", "^test_"];
  // Compiled as they are: faster, and nothing that a test sees differs.
  const env = { ...process.env, FOUNDRY_OPTIMIZER: "false" };
  const { status, stdout } = spawnSync(forge, args, {
    env,
    cwd: stage,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status === 0) return undefined;
  return /^\[FAIL.*\] (\w+)\(/m.exec(stdout)?.[1] ?? "compiler";
}

function planted({ file, from, to }, run) {
  const path = join(stage, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) fail(`${file} does not hold this once: ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    return run();
  } finally {
    writeFileSync(path, text);
  }
}

// All can be planted, before the first is.
for (const mutant of chosen) planted(mutant, () => undefined);
// What fails without a mutant kills none.
const sound = killer();
if (sound) fail(`${sound} fails without any mutant`);
let survivors = 0;
console.log("| mutant | of | killed by |\n|---|---|---|");
for (const mutant of chosen) {
  const by = planted(mutant, killer);
  if (by === "compiler") fail(`${mutant.file}, ${mutant.what}: does not compile`);
  if (!by) ++survivors;
  console.log(`| ${mutant.what} | ${mutant.file} | ${by ?? "NOTHING"} |`);
}
console.log(`\n${chosen.length - survivors} of ${chosen.length} killed`);
process.exit(survivors === 0 ? 0 : 1);
