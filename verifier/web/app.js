// The page: files in, a verdict out. All checks are in the wasm; this chooses
// the key and shows the outcome. Texts are set as text, never as HTML.

import init, { describeKey, maxProofFileBytes, verify } from "./verifier.js";

// Larger than any key; see MAX_KEY_BYTES in the verifier.
const MAX_KEY_BYTES = 1 << 19;
const KEY_MAGIC = "zkmargin-vk";

const element = (id) => document.getElementById(id);
/** Keys by digest: `{ bytes, digest, circuit, insecure, from }`. */
const keys = new Map();

const TITLES = {
  valid: ["✓", "Valid"],
  insecure: ["⚠", "Proves nothing: insecure key"],
  invalid: ["✗", "Invalid"],
  malformed: ["✗", "Malformed"],
  "unknown-key": ["?", "Unknown key"],
  "bad-key": ["✗", "Key cannot be used"],
  failed: ["✗", "Could not be checked"],
};

const LEVELS = {
  "at-least:initial": "meets its initial margin",
  "at-least:maintenance": "meets its maintenance margin",
  "at-least:margin-call": "is not bankrupt: its equity is not negative",
  "below:initial": "does not meet its initial margin",
  "below:maintenance": "does not meet its maintenance margin: a margin call",
  "below:margin-call": "is bankrupt: its equity is negative",
};

/** Adds a key; gives its report, or the outcome `bad-key`. */
function addKey(bytes, from) {
  const report = JSON.parse(describeKey(bytes));
  if (report.state) return report;
  keys.set(report.digest, { ...report, bytes, from });
  showKeys();
  return report;
}

function showKeys() {
  const items = [...keys.values()].map((key) => {
    const item = document.createElement("li");
    const digest = document.createElement("code");
    digest.textContent = key.digest;
    const mark = key.insecure ? " (insecure: anybody can forge its proofs)" : "";
    item.append(`${key.circuit}${mark}, ${key.from}: `, digest);
    return item;
  });
  if (items.length === 0) {
    const item = document.createElement("li");
    item.textContent = "None yet: choose a key file together with the proof.";
    items.push(item);
  }
  element("keys").replaceChildren(...items);
}

/** Tries the keys until one is of the proof's circuit. Keys that the user gave
 * come first, and a valid proof is valid whatever other keys say. */
function check(proof) {
  let best = JSON.parse(verify(proof));
  const given = (key) => (key.from === "given by you" ? 0 : 1);
  for (const key of [...keys.values()].sort((a, b) => given(a) - given(b))) {
    const outcome = JSON.parse(verify(proof, key.bytes));
    if (outcome.state === "valid" || outcome.state === "malformed") return outcome;
    if (best.state === "unknown-key") best = outcome;
  }
  return best;
}

function show(name, outcome) {
  const insecure = outcome.state === "valid" && outcome.key.insecure;
  const state = insecure ? "insecure" : outcome.state;
  const [mark, title] = TITLES[state];
  element("mark").textContent = mark;
  element("title").textContent = title;
  element("summary").textContent = summary(name, state, outcome);
  const warning = element("warning");
  warning.hidden = !insecure;
  warning.textContent = insecure
    ? "The secret of this key's powers of tau is public, so anybody can make such a proof, true or not. Use it for tests alone."
    : "";
  const rows = details(outcome).flatMap(([term, text]) => {
    const [dt, dd] = [document.createElement("dt"), document.createElement("dd")];
    dt.textContent = term;
    dd.textContent = text;
    return [dt, dd];
  });
  element("claim").replaceChildren(...rows);
  const result = element("result");
  result.dataset.state = state;
  result.hidden = false;
  document.title = `${title}: ${name} - zk-margin`;
}

function summary(name, state, { claim, circuit, reason }) {
  switch (state) {
    case "valid":
      return `${name}: account ${claim.account} ${LEVELS[claim.claim] ?? claim.claim}, in epoch ${claim.epoch}.`;
    case "insecure":
      return `${name} is well-formed and its equations hold, but under a key for tests.`;
    case "invalid":
      return `${name} does not prove what it says under this key. It was changed, made for other public inputs, or under another key.`;
    case "malformed":
      return `${name} is no proof that can be checked: ${reason}`;
    case "unknown-key":
      return `This page has no key for ${circuit}${reason ? ` (${reason})` : ""}. Choose the key file together with the proof.`;
    default:
      return `${name}: ${reason}`;
  }
}

function details({ claim, key, circuit }) {
  if (!claim) return [];
  const disclosed =
    claim.disclosed === "0" ? "nothing" : `a shortfall of ${claim.disclosed} quote units`;
  return [
    ["Account", claim.account],
    ["Claim", claim.claim],
    ["Epoch", String(claim.epoch)],
    ["Disclosed", disclosed],
    ["Context", claim.context],
    ["State root", claim.state_root],
    ["Market root", claim.market_root],
    ["Margin model", claim.model],
    ["Circuit", circuit],
    ["Verifying key", key.digest],
  ];
}

async function prefix(file, bytes) {
  return new Uint8Array(await file.slice(0, bytes).arrayBuffer());
}

const isKey = (start) =>
  new TextDecoder().decode(start.subarray(0, KEY_MAGIC.length)) === KEY_MAGIC;

/** Keys among the files first, then the last proof is shown. */
async function open(files) {
  const proofs = [];
  for (const file of files) {
    if (!isKey(await prefix(file, KEY_MAGIC.length))) {
      proofs.push(file);
    } else if (file.size > MAX_KEY_BYTES) {
      show(file.name, { state: "bad-key", reason: "too large for a verifying key" });
    } else {
      const report = addKey(await prefix(file, MAX_KEY_BYTES), "given by you");
      if (report.state) show(file.name, report);
    }
  }
  const proof = proofs.at(-1) ?? lastProof;
  if (!proof) return;
  lastProof = proof;
  await showProof(proof);
}

let lastProof;

async function showProof(file) {
  const limit = maxProofFileBytes();
  if (file.size > limit) {
    const reason = `${file.size} bytes are too many: a proof file has at most ${limit}.`;
    return show(file.name, { state: "malformed", reason });
  }
  const bytes = await prefix(file, limit);
  show(file.name, check(bytes));
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
    if (report.digest === digest) addKey(bytes, "of this page");
    else console.error(`keys/${file} is not the key that keys.json names`);
  }
}

/** `?proof=NAME`: a file next to the page, as `zkmargin verify --open` serves. */
async function loadProof() {
  const name = new URLSearchParams(location.search).get("proof");
  if (!name) return;
  const url = new URL(name, location.href);
  if (url.origin !== location.origin) {
    return show(name, { state: "failed", reason: "only files of this page are loaded" });
  }
  const answer = await fetch(url);
  if (!answer.ok) {
    return show(name, { state: "failed", reason: `the server says ${answer.status}` });
  }
  await open([new File([await answer.blob()], name)]);
}

function listen() {
  const drop = element("drop");
  const input = element("file");
  const handle = async (files) => {
    try {
      await open(files);
    } catch (error) {
      show(files[0]?.name ?? "The file", { state: "failed", reason: String(error) });
    }
    element("result").focus();
  };
  input.addEventListener("change", async () => {
    await handle([...input.files]);
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
  show("This page", { state: "failed", reason: `could not start: ${error}` });
}
