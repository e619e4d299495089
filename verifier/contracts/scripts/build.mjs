// Compiles every contract and writes ABI and bytecode to artifacts/; with
// --check compares with what is there.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compile, fail, general, generated, hashing, root } from "./solc.mjs";

function sources(folder) {
  const files = readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".sol"))
    .sort();
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(root, file), "utf8")]));
}

// Nothing imports them, and through Yul the hash leaves too little of the stack.
const hashed = ["MarginEscrows", "MarginVenueBatches", "MarginPriceCheck", "MarginRowChallenge"];

function others() {
  const isHashed = ([file]) => hashed.some((name) => file === `src/${name}.sol`);
  return Object.fromEntries(Object.entries(sources("src")).filter((entry) => !isHashed(entry)));
}

// Of a contract that hashes, with what it imports, the contract alone is kept.
function hashes(name) {
  const { [`src/${name}.sol`]: source, ...rest } = sources("src");
  const needed = ["interfaces", "lib", "prices", "MarginRoles", "MarginTypes"].map(
    (part) => `src/${part}`,
  );
  const imports = Object.entries(rest).filter(([file]) =>
    needed.some((part) => file.startsWith(part)),
  );
  const compiled = compile(
    { ...Object.fromEntries(imports), [`src/${name}.sol`]: source },
    hashing,
  );
  return compiled.filter(([contract]) => contract === name);
}

const artifacts = new Map(
  [
    ...compile({ ...others(), ...sources("test") }, general),
    ...hashed.flatMap(hashes),
    ...compile(sources("generated"), generated),
  ].map(([name, artifact]) => [`${name}.json`, artifact]),
);

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
