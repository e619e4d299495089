// Mutants of the contracts that nobody chose: operators, negations and statements left
// out, drawn at random from every function's body.
//
//     npm run mutants:random -- 40 13 MarginProofGate MarginMarkets
//
// so many, a seed, and words of which a file's name holds one (all, without any). All are
// planted at once into a copy of the repository, each behind an address that
// `block.coinbase` is compared with, so that contracts and tests are compiled once. The
// tests of `verifier/evm` run for each, and forge's where none of them fails; those that
// take a minute come last. The table says which test killed each, or NOTHING.
//
// MUTANTS_COPY names a copy of the repository to plant into, MUTANTS_LONG=1 adds the tests
// that take a minute, MUTANTS_ONLY=3,14 runs those of the table's rows alone (from zero),
// CARGO_TARGET_DIR is cargo's.

import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, general, root } from "./solc.mjs";

const solc = createRequire(import.meta.url)("solc");
const forge = join(root, "node_modules/@foundry-rs/forge-linux-amd64/bin/forge");
if (!existsSync(forge)) fail("forge is not there: npm ci brings it on Linux x86-64");
const [count = "40", seed = "1", ...words] = process.argv.slice(2);
if (!(Number(count) > 0) || !(Number(seed) >= 0))
  fail("usage: mutants.random.mjs [COUNT [SEED [FILE...]]]");

const kept = process.env.MUTANTS_COPY;
const copy = kept ?? mkdtempSync(join(tmpdir(), "zkmargin-mutants-"));
if (!kept) process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
const repository = join(root, "../..");
if (!kept) {
  const without = ["target", "node_modules", ".git"];
  const filter = (path) => !without.some((name) => path.endsWith(`/${name}`));
  cpSync(repository, copy, { recursive: true, filter });
}
const stage = join(copy, "verifier/contracts");
for (const part of ["src", "test", "invariants", "scripts"]) {
  rmSync(join(stage, part), { recursive: true, force: true });
  cpSync(join(root, part), join(stage, part), { recursive: true });
}
if (!existsSync(join(stage, "node_modules"))) {
  symlinkSync(join(root, "node_modules"), join(stage, "node_modules"));
}

const files = readdirSync(join(stage, "src"), { recursive: true }).filter((f) =>
  f.endsWith(".sol"),
);
const isChosen = (file) =>
  !file.startsWith("interfaces/") &&
  (words.length === 0 || words.some((word) => file.includes(word)));

/** Programs of `verifier/evm/tests`, the quick ones first. */
const QUICK = ["roles", "protocols", "registry", "submit_proofs"];
const LONG = process.env.MUTANTS_LONG
  ? ["vault", "changes", "batch", "row_challenge", "price_check", "stories", "attacks"]
  : [];
const find = (path) => ({ contents: readFileSync(join(root, "node_modules", path), "utf8") });

/** What another operator could have been meant by. */
const OTHERS = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "&&": "||",
  "||": "&&",
  "+": "-",
  "-": "+",
  "*": "+",
  "/": "*",
  "%": "*",
  "&": "|",
  "|": "&",
  "<<": ">>",
  ">>": "<<",
};

/** Syntax trees of all sources, by file. */
function trees() {
  const read = (path) => ({ content: readFileSync(path, "utf8") });
  const sources = Object.fromEntries(files.map((f) => [`src/${f}`, read(join(stage, "src", f))]));
  const settings = { evmVersion: "cancun", outputSelection: { "*": { "": ["ast"] } } };
  const input = JSON.stringify({ language: "Solidity", sources, settings });
  const output = JSON.parse(solc.compile(input, { import: find }));
  return files.filter(isChosen).map((file) => [file, output.sources[`src/${file}`].ast]);
}

/** Mutants of a node; the text is UTF-8, as the compiler counts. */
function mutantsOf(node, file, text) {
  const at = ({ src }) => src.split(":").map(Number);
  const [start, length] = at(node);
  const of = (other) => {
    const [from, size] = at(other);
    return text.subarray(from, from + size).toString();
  };
  const mutant = (to) => ({ file, start, end: start + length, from: of(node), to });
  const type = node.typeDescriptions?.typeString ?? "";
  if (type.startsWith("int_const") || type.startsWith("rational_const")) return [];
  switch (node.nodeType) {
    case "BinaryOperation":
      if (!OTHERS[node.operator]) return [];
      return [
        mutant(`${of(node.leftExpression)} ${OTHERS[node.operator]} ${of(node.rightExpression)}`),
      ];
    case "UnaryOperation":
      return node.operator === "!" ? [mutant(of(node.subExpression))] : [];
    case "IfStatement":
      return mutantsOf({ ...node.condition, nodeType: "Condition" }, file, text);
    case "Condition":
      return [mutant(`!(${of(node)})`)];
    case "ExpressionStatement":
    case "RevertStatement":
    case "EmitStatement":
      // The compiler leaves the semicolon out.
      return [
        { ...mutant(undefined), end: start + length + (text[start + length] === 59 ? 1 : 0) },
      ];
    default:
      return [];
  }
}

function found(node, file, text, inBody = false) {
  if (Array.isArray(node)) return node.flatMap((child) => found(child, file, text, inBody));
  if (node === null || typeof node !== "object" || node.nodeType === "InlineAssembly") return [];
  const of = inBody && node.nodeType ? mutantsOf(node, file, text) : [];
  // The step of a loop is no statement of its own.
  const without = ["typeDescriptions", "loopExpression"];
  const parts = Object.entries(node).filter(([key]) => !without.includes(key));
  return of.concat(
    parts.flatMap(([key, child]) => found(child, file, text, inBody || key === "body")),
  );
}

/** So many of them, by xorshift from the seed. */
function drawn(all) {
  let state = BigInt(seed) * 2n + 0x9e3779b97f4a7c15n;
  const below = (bound) => {
    state ^= (state << 13n) & 0xffffffffffffffffn;
    state ^= state >> 7n;
    state ^= (state << 17n) & 0xffffffffffffffffn;
    return Number(state % BigInt(bound));
  };
  for (let i = all.length - 1; i > 0; --i) {
    const other = below(i + 1);
    [all[i], all[other]] = [all[other], all[i]];
  }
  return all.slice(0, Number(count));
}

const address = (number) => `0x${(0xc0de0000 + number).toString(16).padStart(40, "0")}`;

/** All mutants in the staged sources: what stands there stays, as the last alternative. */
function plant(mutants) {
  for (const file of files) {
    const path = join(stage, "src", file);
    const text = readFileSync(path);
    const inserted = mutants.flatMap((mutant, number) => {
      if (mutant.file !== file) return [];
      // Not as an address literal, which would have to have its checksum.
      const is = (sign) => `block.coinbase ${sign} address(uint160(${0xc0de0000 + number}))`;
      const size = mutant.end - mutant.start;
      const [open, close] =
        mutant.to === undefined
          ? [`{ if (${is("!=")}) { `, " } }"] // an `else` may follow
          : [`(${is("==")} ? (${mutant.to}) : (`, "))"];
      return [
        [mutant.start, 1, -size, open],
        [mutant.end, 0, size, close],
      ];
    });
    inserted.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
    let [whole, at] = ["", 0];
    for (const [place, , , what] of inserted) {
      whole += text.subarray(at, place).toString() + what;
      at = place;
    }
    whole += text.subarray(at).toString();
    writeFileSync(path, whole);
  }
  // What reads the coinbase is not pure.
  for (const part of ["src", "test", "invariants"]) {
    for (const file of readdirSync(join(stage, part), { recursive: true })) {
      if (!file.endsWith(".sol")) continue;
      const path = join(stage, part, file);
      writeFileSync(path, readFileSync(path, "utf8").replace(/\bpure\b/g, "view"));
    }
  }
}

/** Compiles what is planted into the copy's artifacts. */
function compile() {
  const all = ["src", "test"].flatMap((part) =>
    readdirSync(join(stage, part), { recursive: true })
      .filter((file) => file.endsWith(".sol"))
      .map((file) => [
        `${part}/${file}`,
        { content: readFileSync(join(stage, part, file), "utf8") },
      ]),
  );
  const input = { language: "Solidity", sources: Object.fromEntries(all), settings: general };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: find }));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
  if (errors.length > 0) fail(errors.map((error) => error.formattedMessage).join("\n"));
  for (const contracts of Object.values(output.contracts)) {
    for (const [contractName, { abi, evm }] of Object.entries(contracts)) {
      const path = join(stage, "artifacts", `${contractName}.json`);
      const bytecode = `0x${evm.bytecode.object}`;
      if (existsSync(path)) writeFileSync(path, JSON.stringify({ contractName, abi, bytecode }));
    }
  }
}

/** The tests of `verifier/evm`, with an EVM that takes the coinbase from outside. */
function program() {
  const path = join(copy, "verifier/evm/tests/common/mod.rs");
  const coinbase = 'std::env::var("COINBASE").unwrap().parse().unwrap()';
  const text = readFileSync(join(repository, "verifier/evm/tests/common/mod.rs"), "utf8")
    .replace(
      "config.disable_nonce_check = true;",
      "$& config.limit_contract_code_size = Some(1 << 24); config.limit_contract_initcode_size = Some(1 << 24);",
    )
    .replace(
      "|block| block.timestamp = U256::from(self.now)",
      `|block| { block.timestamp = U256::from(self.now); block.beneficiary = ${coinbase}; }`,
    );
  writeFileSync(path, text);
  const args = ["test", "-p", "zkmargin-evm", "--no-run", "--message-format=json", "--test", "all"];
  const options = { cwd: copy, encoding: "utf8", maxBuffer: 1 << 28 };
  const { status, stdout, stderr } = spawnSync("cargo", args, options);
  if (status !== 0) fail(`the copy does not build:\n${stderr}`);
  const built = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  return built.find((m) => m.executable && m.profile.test).executable;
}

/** What the planted text alone fails, by what it costs. */
const skipped = [];

/** The tests of these modules that fail, of the first module that has some. */
function failing(names, number) {
  const options = {
    env: { ...process.env, COINBASE: address(number) },
    cwd: join(copy, "verifier/evm"),
    encoding: "utf8",
    maxBuffer: 1 << 28,
    timeout: 300_000,
  };
  for (const name of names) {
    const without = skipped.flatMap((test) => ["--skip", test]);
    const { status, stdout } = spawnSync(built, [`${name}::`, ...without], options);
    if (status === 0) continue;
    const tests = [...(stdout ?? "").matchAll(/^test (\S+) \.\.\. FAILED/gm)].map(
      ([, test]) => test,
    );
    return tests.length > 0 ? tests : [`${name}: no end`];
  }
  return undefined;
}

const killerOf = (names, number) => failing(names, number)?.[0];

/** The first test of forge's that fails; undefined when all pass. */
function forged(number) {
  const shim = join(stage, "scripts/solc-shim.mjs");
  const args = ["test", "--use", shim, "--offline", "--match-test", "^test_"];
  const env = {
    ...process.env,
    FOUNDRY_OPTIMIZER: "false",
    FOUNDRY_CODE_SIZE_LIMIT: "1000000",
    FOUNDRY_BLOCK_COINBASE: address(number),
  };
  const options = { env, cwd: stage, encoding: "utf8", maxBuffer: 1 << 28, timeout: 300_000 };
  const { status, stdout, stderr } = spawnSync(forge, args, options);
  if (status === 0) return undefined;
  if (number < 0) fail(`without any mutant, or they do not compile:\n${stdout}\n${stderr}`);
  return `forge: ${/^\[FAIL.*\] (\w+)\(/m.exec(stdout ?? "")?.[1] ?? "no end"}`;
}

const all = trees().flatMap(([file, ast]) =>
  found(ast, file, readFileSync(join(stage, "src", file))),
);
const mutants = drawn(all);
console.log(`${all.length} mutants, ${mutants.length} drawn with seed ${seed}\n`);
plant(mutants);
compile();
const built = program();
for (const name of [...QUICK, ...LONG]) skipped.push(...(failing([name], -1) ?? []));
console.log(`fail without any mutant, and say nothing: ${skipped.join(", ") || "none"}\n`);
if (skipped.length > 5 || skipped.some((test) => test.endsWith("no end"))) fail("too many");
forged(-1);
const only = process.env.MUTANTS_ONLY?.split(",").map(Number);
let [ran, survivors] = [0, 0];
console.log("| mutant | of | killed by |\n|---|---|---|");
for (const [number, { file, from, to }] of mutants.entries()) {
  if (only && !only.includes(number)) continue;
  ++ran;
  const by = killerOf(QUICK, number) ?? forged(number) ?? killerOf(LONG, number);
  if (!by) ++survivors;
  const squeezed = (text) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");
  const what =
    to === undefined
      ? `without \`${squeezed(from)}\``
      : `\`${squeezed(from)}\` is \`${squeezed(to)}\``;
  console.log(`| ${what} | ${file} | ${by ?? "NOTHING"} |`);
}
console.log(`\n${ran - survivors} of ${ran} killed`);
