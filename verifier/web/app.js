// The page: files in, a verdict out. All checks are in the wasm; this chooses
// the key and shows the outcome. Texts are set as text, never as HTML.

import init, { describeKey, maxProofFileBytes, verify } from "./verifier.js";

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

const TITLES = {
  valid: ["✓", "Proved, under roots that nobody vouched for here"],
  given: ["⚠", "Holds under a key you gave, which this page does not know"],
  insecure: ["⚠", "Proves nothing: insecure key"],
  invalid: ["✗", "Invalid"],
  malformed: ["✗", "Malformed"],
  "unknown-key": ["?", "Unknown key"],
  "bad-key": ["✗", "Key cannot be used"],
  failed: ["✗", "Could not be checked"],
};

/** What no proof says of itself. */
const UNVOUCHED =
  "The state root, market root, model and context are what the proof says they are: whoever made it may have made them up, and the prices may be old. It counts where all four are those that your protocol posted in a recent epoch. `zkmargin verify` checks that against an epoch file that its publishers signed.";

const LEVELS = {
  "at-least:initial": "meets its initial margin",
  "at-least:maintenance": "meets its maintenance margin",
  "at-least:margin-call": "is not bankrupt: its equity is not negative",
  "below:initial": "does not meet its initial margin",
  "below:maintenance": "does not meet its maintenance margin: a margin call",
  "below:margin-call": "is bankrupt: its equity is negative",
};

/** Text of others without characters that are not seen, or that turn the
 * direction of what is around them. */
const plain = (text) => String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");

/** An element with a text, never HTML. */
function tag(name, text) {
  const made = document.createElement(name);
  made.textContent = plain(text);
  return made;
}

/** Adds a key; gives its report, or the outcome `bad-key`. */
function addKey(bytes, pinned) {
  const report = JSON.parse(describeKey(bytes));
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
    if (!key.pinned) item.append(" ", removeButton(key));
    return item;
  });
  if (items.length === 0) {
    items.push(tag("li", "None yet: choose a key file together with the proof."));
  }
  element("keys").replaceChildren(...items);
}

const from = (key) => (key.pinned ? "of this page" : "given by you");

function removeButton({ digest }) {
  const button = tag("button", "Remove");
  button.type = "button";
  button.setAttribute("aria-label", `Remove key ${digest}`);
  button.addEventListener("click", () => {
    keys.delete(digest);
    showKeys();
    handle([]);
  });
  return button;
}

/** The outcome that says most, the first of its kind. A key that the proof does
 * not fit is of another one, so `malformed` counts when no key fits. */
const foremost = (outcomes) =>
  ["valid", "invalid", "malformed"]
    .map((state) => outcomes.find((outcome) => outcome.state === state))
    .find(Boolean);

/** Tries the keys. Those that the page pins have the last word: a key that
 * somebody sent along with a proof accepts whatever its maker wants. */
function check(proof) {
  const alone = JSON.parse(verify(proof));
  if (alone.state === "malformed") return alone;
  const tried = [...keys.values()]
    .sort((a, b) => b.pinned - a.pinned)
    .map((by) => ({ ...JSON.parse(verify(proof, by.bytes)), by }));
  const other = tried.find(({ by, state }) => state === "unknown-key" && by.circuit === alone.circuit);
  const outcome = foremost(tried) ?? other ?? alone;
  if (outcome.state !== "valid") return outcome;
  const { by } = outcome;
  const pinned = foremost(tried.filter((one) => one.by.pinned));
  if (pinned && !by.pinned) return { ...pinned, against: by };
  const state = by.insecure ? "insecure" : by.pinned ? "valid" : "given";
  return { ...outcome, state, other: other?.by };
}

/** Hides what was shown, before anything new is looked at. */
function clear() {
  element("result").hidden = true;
  document.title = "Verify a margin proof - zk-margin";
}

function show(outcome) {
  const { name, state } = outcome;
  const [mark, title] = TITLES[state];
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

/** What follows the file's name. */
function summary({ state, claim, circuit, reason, by }) {
  const says = () =>
    `account ${claim.account} ${LEVELS[claim.claim] ?? claim.claim}, in epoch ${claim.epoch}.`;
  switch (state) {
    case "valid":
      return [`: ${says()} Checked with a key ${from(by)}.`];
    case "given":
      return [` says: ${says()} Accepted by the key `, tag("code", by.digest), ", and by no key of this page."];
    case "insecure":
      return [" is well-formed and its equations hold, but under a key for tests."];
    case "invalid":
      return [
        ` does not prove what it says under the key ${from(by)}. It was changed, made for other public inputs, or under another key.`,
      ];
    case "malformed":
      return [" is no proof that can be checked", by ? ` with the key ${from(by)}: ` : ": ", tag("bdi", reason)];
    case "unknown-key":
      return [
        `: this page has no key for ${circuit}`,
        tag("bdi", reason && ` (${reason})`),
        ". Choose the key file together with the proof.",
      ];
    default:
      return [": ", tag("bdi", reason)];
  }
}

function caution({ state, against, other }) {
  if (against) {
    return `A key that you gave accepts it, ${against.digest}, but the key of this page does not, and that one counts. Do not trust the key that you gave: remove it below.`;
  }
  if (state === "insecure") {
    return "The secret of this key's powers of tau is public, so anybody can make such a proof, true or not. Use it for tests alone.";
  }
  if (state === "valid") return UNVOUCHED;
  if (state !== "given") return "";
  const theirs = other?.pinned ? ` This page's own key of this circuit is another one: ${other.digest}.` : "";
  return `Whoever made this key can make it accept anything. Compare its digest with the one that your protocol publishes, not with one that came along with the proof; unless they are the same, this proves nothing.${theirs}`;
}

function details({ claim, circuit, by }) {
  if (!claim) return [];
  const disclosed =
    claim.disclosed === "0" ? "nothing" : `a shortfall of ${claim.disclosed} quote units`;
  return [
    ["Account", claim.account],
    ["Claim", claim.claim],
    ["Epoch, only claimed", String(claim.epoch)],
    ["Disclosed", disclosed],
    ...(/^0x0*$/.test(claim.memo ?? "0x") ? [] : [["Memo, bound by the proof", claim.memo]]),
    ["Context, only claimed", claim.context],
    ["State root, only claimed", claim.state_root],
    ["Market root, only claimed", claim.market_root],
    ["Margin model, only claimed", claim.model],
    ["Circuit", circuit],
    ["Verifying key", `${by.digest}, ${from(by)}`],
  ];
}

/** A chosen file, read as far as a key or a proof may be long. */
async function load(file) {
  const read = async (end) => new Uint8Array(await file.slice(0, end).arrayBuffer());
  const isKey = new TextDecoder().decode(await read(KEY_MAGIC.length)) === KEY_MAGIC;
  const limit = isKey ? MAX_KEY_BYTES : maxProofFileBytes();
  const bytes = file.size > limit ? undefined : await read(limit);
  const reason = `${file.size} bytes are too many: a ${isKey ? "key" : "proof file"} has at most ${limit}.`;
  return { name: plain(file.name) || "The file", isKey, bytes, reason };
}

/** What the files come to; nothing, if there is no proof. Keys are added first,
 * and when one cannot be used nothing is checked. */
function judge(files) {
  const proofs = files.filter(({ isKey }) => !isKey);
  if (proofs.length > 1) {
    lastProof = undefined;
    const reason = `nothing was checked of these ${proofs.length} proofs: one at a time is.`;
    return { name: "Several files", state: "failed", reason };
  }
  lastProof = proofs[0] ?? lastProof;
  for (const { name, bytes, reason } of files.filter(({ isKey }) => isKey)) {
    const report = bytes ? addKey(bytes, false) : { state: "bad-key", reason };
    if (report.state) return { ...report, name };
  }
  if (!lastProof) return undefined;
  const { name, bytes, reason } = lastProof;
  return { ...(bytes ? check(bytes) : { state: "malformed", reason }), name };
}

/** Shows what the files come to that `get` gives, and tells whether it did:
 * when others came meanwhile, theirs is the outcome and these are dropped. */
async function open(get) {
  const mine = ++turn;
  clear();
  let files = [];
  let failure;
  try {
    files = await Promise.all((await get()).map(load));
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
    const report = JSON.parse(describeKey(bytes));
    if (report.digest === digest) addKey(bytes, true);
    else console.error(`keys/${file} is not the key that keys.json names`);
  }
}

/** `?proof=NAME`: a file next to the page, as `zkmargin verify --open` serves.
 * Whoever made the link chose the name, so it can be no path and no text. */
async function loadProof() {
  const name = new URLSearchParams(location.search).get("proof");
  if (!name) return;
  await open(async () => {
    if (!/^(?!\.)[\w.-]+$/.test(name)) {
      throw new Error("the address names no plain file next to this page, so nothing was loaded");
    }
    const answer = await fetch(new URL(name, location.href));
    if (!answer.ok) throw new Error(`the server says ${answer.status}`);
    return [new File([await answer.blob()], name)];
  });
}

async function handle(files) {
  if (!(await open(async () => files))) return;
  const result = element("result");
  (result.hidden ? element("keys") : result).focus();
}

function listen() {
  const drop = element("drop");
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
  await init();
  await loadKeys();
  showKeys();
  listen();
  await loadProof();
  document.documentElement.dataset.ready = "true";
} catch (error) {
  show({ name: "This page", state: "failed", reason: `could not start: ${error}` });
}
