// The page: files in, a verdict out. All checks are in the wasm; this chooses
// the key and shows the outcome.

import { describeKey, load as loadWasm, maxEpochFileBytes, maxProofFileBytes, verify } from "./index.js";
import * as told from "./told.js";
import { caution, details, from, heading, plain, summary, tag } from "./verdict.js";

// Larger than any key; see MAX_KEY_BYTES in the verifier.
const MAX_KEY_BYTES = 1 << 19;
const KEY_MAGIC = "zkmargin-vk";

const element = (id) => document.getElementById(id);
/** Keys by digest: `{ bytes, digest, circuit, insecure, pinned }`; the page
 * knows those that are pinned, the others came with files. */
const keys = new Map();
/** The proof that keys which come later are tried on. */
let lastProof;
/** Counts what was asked for: only the newest shows its outcome. */
let turn = 0;

/** Adds a key; gives its report, or the outcome `bad-key`. */
function addKey(bytes, pinned) {
  const report = describeKey(bytes);
  if (report.state || keys.get(report.digest)?.pinned) return report;
  keys.set(report.digest, { ...report, bytes, pinned });
  showKeys();
  return report;
}

function showKeys() {
  const items = [...keys.values()].map((key) => {
    const mark = key.insecure ? " (insecure: anybody can forge its proofs)" : "";
    const item = tag("li", `${key.circuit}${mark}, ${from(key)}: `);
    item.append(tag("code", key.digest));
    if (!key.pinned) {
      item.append(" ", removeButton(`key ${key.digest}`, () => keys.delete(key.digest)));
    }
    return item;
  });
  if (items.length === 0) {
    items.push(tag("li", "None yet: choose a key file together with the proof."));
  }
  element("keys").replaceChildren(...items);
}

/** What was told of what proofs must be about. */
function showTold() {
  const names = { epoch: "Epoch file", signers: "Signers" };
  const items = told.files().map(({ kind, name, text, pinned }) => {
    const item = tag("li", `${names[kind]}, ${from({ pinned })}: `);
    item.append(tag("bdi", name));
    if (kind === "signers") item.append(": ", tag("code", told.signersInWords(text)));
    if (!pinned) item.append(" ", removeButton(names[kind], () => told.forget(kind)));
    return item;
  });
  if (items.length === 0) {
    items.push(tag("li", "No epoch file and no signers yet: choose them, alone or together with the proof."));
  }
  element("told").replaceChildren(...items);
}

/** A button that takes back what the reader gave. */
function removeButton(what, remove) {
  const button = tag("button", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove ${what}`);
  button.addEventListener("click", () => {
    remove();
    showKeys();
    showTold();
    handle([]);
  });
  return button;
}

/** What a proof comes to that holds under a key. */
const HOLDS = ["accepted", "below", "not-pinned", "insecure", "mismatch"];
/** Those that are worth no more than the signers and the key. */
const PROVED = ["accepted", "below", "not-pinned"];

/** The outcome that says most, the first of its kind. A key that the proof does
 * not fit is of another one, so `malformed` counts when no key fits. */
const foremost = (outcomes) =>
  [HOLDS, ["invalid"], ["malformed"]]
    .map((states) => outcomes.find((outcome) => states.includes(outcome.state)))
    .find(Boolean);

/** What is expected of proofs, as it is told now. */
const expected = () =>
  told.expected({ at_least: element("at-least").value, max_age: element("max-age").value.trim() });

/** Tries the keys. Those that the page pins have the last word: a key that
 * somebody sent along with a proof accepts whatever its maker wants. */
function check(proof) {
  const held = expected();
  const alone = verify(proof, undefined, held);
  if (alone.state !== "unknown-key") return alone;
  const tried = [...keys.values()]
    .sort((a, b) => b.pinned - a.pinned)
    .map((by) => ({ ...verify(proof, by.bytes, held), by }));
  const other = tried.find(({ by, state }) => state === "unknown-key" && by.circuit === alone.circuit);
  const outcome = foremost(tried) ?? other ?? alone;
  if (!HOLDS.includes(outcome.state)) return outcome;
  const { by, state } = outcome;
  const pinned = foremost(tried.filter((one) => one.by.pinned));
  if (pinned && !by.pinned) return { ...pinned, against: by };
  if (!PROVED.includes(state)) return outcome;
  const givenSigners = told.restsOnGivenSigners();
  if (!by.pinned) return { ...outcome, state: "given", other: other?.by, givenSigners };
  if (state === "not-pinned") return outcome;
  if (givenSigners) return { ...outcome, state: "given-signers" };
  return { ...outcome, state: state === "accepted" && outcome.waived.length > 0 ? "waived" : state };
}

/** Hides what was shown, before anything new is looked at. */
function clear() {
  element("result").hidden = true;
  document.title = "Verify a margin proof - zk-margin";
}

function show(outcome) {
  const { name, state } = outcome;
  const [mark, title] = heading(outcome);
  element("mark").textContent = mark;
  element("title").textContent = title;
  element("summary").replaceChildren(tag("bdi", name), ...summary(outcome));
  const warning = element("warning");
  warning.textContent = caution(outcome);
  warning.hidden = warning.textContent === "";
  const rows = details(outcome).flatMap(([term, text]) => [tag("dt", term), tag("dd", text)]);
  element("claim").replaceChildren(...rows);
  const result = element("result");
  result.dataset.state = state;
  result.hidden = false;
  // The isolates are what <bdi> is in the page.
  document.title = `${title}: \u2068${name}\u2069 - zk-margin`;
}

/** A chosen file, read as far as one of its kind may be long. */
async function load(file) {
  const read = async (end) => new Uint8Array(await file.slice(0, end).arrayBuffer());
  const name = plain(file.name) || "The file";
  const isKey = new TextDecoder().decode(await read(KEY_MAGIC.length)) === KEY_MAGIC;
  const limit = isKey ? MAX_KEY_BYTES : maxProofFileBytes();
  if (file.size > limit) {
    const what = isKey ? "key" : "proof file";
    const reason = `${file.size} bytes are too many: a ${what} has at most ${limit}.`;
    return { name, kind: isKey ? "key" : "proof", reason };
  }
  const bytes = await read(limit);
  if (isKey) return { name, kind: "key", bytes };
  const text = new TextDecoder().decode(bytes);
  const kind = file.size > maxEpochFileBytes() ? undefined : told.kindOf(text);
  return kind ? { name, kind, text } : { name, kind: "proof", bytes };
}

/** Takes keys and what is told; the outcome of the first that cannot be used. */
function take(files) {
  for (const kind of ["epoch", "signers"]) {
    const of = files.filter((file) => file.kind === kind);
    if (of.length > 1) {
      const reason = `which of these ${of.length} counts? Choose one list of signers and one epoch file.`;
      return { name: "Several files", state: "failed", reason };
    }
    if (of.length === 0) continue;
    const reason = told.tell(kind, of[0]);
    showTold();
    if (reason) return { name: of[0].name, state: "bad-expected", what: kind, reason };
  }
  for (const { name, bytes, reason } of files.filter(({ kind }) => kind === "key")) {
    const report = bytes ? addKey(bytes, false) : { state: "bad-key", reason };
    if (report.state) return { ...report, name };
  }
  return undefined;
}

/** What the files come to; nothing, if there is no proof. What is not a proof is
 * taken first, and when it cannot be used nothing is checked. */
function judge(files) {
  const proofs = files.filter(({ kind }) => kind === "proof");
  if (proofs.length > 1) {
    lastProof = undefined;
    const reason = `nothing was checked of these ${proofs.length} proofs: one at a time is.`;
    return { name: "Several files", state: "failed", reason };
  }
  lastProof = proofs[0] ?? lastProof;
  const refused = take(files);
  if (refused) return refused;
  if (!lastProof) return undefined;
  const { name, bytes, reason } = lastProof;
  return { ...(bytes ? check(bytes) : { state: "malformed", reason }), name };
}

/** Shows what the files come to that `get` gives, and tells whether it did:
 * when others came meanwhile, theirs is the outcome and these are dropped. Files
 * of other kinds than those named are refused. */
async function open(get, kinds = ["proof", "key", "epoch", "signers"]) {
  const mine = ++turn;
  clear();
  let files = [];
  let failure;
  try {
    files = await Promise.all((await get()).map(load));
    const other = files.find(({ kind }) => !kinds.includes(kind));
    if (other) throw new Error(`the address names ${other.name}, which is no ${kinds.join(" and no ")} file`);
  } catch (error) {
    failure = { name: "The file", state: "failed", reason: error.message };
  }
  if (mine !== turn) return false;
  if (failure) lastProof = undefined;
  const outcome = failure ?? judge(files);
  if (outcome) show(outcome);
  return true;
}

/** Keys that come with the page, each pinned by its digest. */
async function loadKeys() {
  const index = await fetch("keys/keys.json");
  if (!index.ok) return;
  for (const { file, digest } of await index.json()) {
    const answer = await fetch(`keys/${encodeURIComponent(file)}`);
    if (!answer.ok) continue;
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const report = describeKey(bytes);
    if (report.digest === digest) addKey(bytes, true);
    else console.error(`keys/${file} is not the key that keys.json names`);
  }
}

/** A file next to the page, if there is one. */
async function fetchText(name) {
  const answer = await fetch(new URL(name, location.href));
  return answer.ok ? answer.text() : undefined;
}

/** What the page tells of what proofs must be about: `expected.json`. */
async function loadExpected() {
  await told.loadExpected(fetchText);
  element("at-least").value = told.pinnedValue("at_least") ?? "";
  element("max-age").value = told.pinnedValue("max_age") ?? "";
}

/** `?proof=NAME&epoch=NAME`: files next to the page. Whoever made the link chose
 * the names, so they can be no paths and no text; signers, level and age are not
 * for a link to choose. */
async function loadLinked() {
  const query = new URLSearchParams(location.search);
  const names = ["epoch", "proof"].map((kind) => query.get(kind)).filter(Boolean);
  if (names.length === 0) return;
  const get = async (name) => {
    if (!/^(?!\.)[\w.-]+$/.test(name)) {
      throw new Error("the address names no plain file next to this page, so nothing was loaded");
    }
    const answer = await fetch(new URL(name, location.href));
    if (!answer.ok) throw new Error(`the server says ${answer.status}`);
    return new File([await answer.blob()], name);
  };
  await open(() => Promise.all(names.map(get)), ["epoch", "proof"]);
}

async function handle(files) {
  if (!(await open(async () => files))) return;
  const result = element("result");
  (result.hidden ? element("told") : result).focus();
}

/** Checks the last proof again, and leaves the focus where the reader is. */
const again = () => open(async () => []);

function listen() {
  const drop = element("drop");
  for (const id of ["at-least", "max-age"]) element(id).addEventListener("change", again);
  const input = element("file");
  input.addEventListener("change", () => {
    handle([...input.files]);
    // The same file can be chosen again.
    input.value = "";
  });
  // The whole window: a file dropped beside the field is not opened instead.
  window.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  window.addEventListener("dragleave", () => drop.classList.remove("over"));
  window.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files.length > 0) handle([...event.dataTransfer.files]);
  });
}

try {
  await loadWasm();
  await loadExpected();
  await loadKeys();
  showKeys();
  showTold();
  listen();
  await loadLinked();
  document.documentElement.dataset.ready = "true";
} catch (error) {
  show({ name: "This page", state: "failed", reason: `could not start: ${error}` });
}
