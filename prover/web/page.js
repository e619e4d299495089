// The page: files in, a proof out. Texts are set as text, never as HTML.

import { prove } from "./index.js";

const element = (id) => document.getElementById(id);
const STAGES = {
  check: "Checking the statement",
  parameters: "Checking or making public parameters",
  key: "Making the key of the circuit",
  proof: "Proving",
};

let running;
let saved;

/** Shows where it is, or how it ended. */
function show(state, title, summary, hint = "") {
  const result = element("result");
  result.dataset.state = state;
  element("title").textContent = title;
  element("summary").textContent = summary;
  element("hint").textContent = hint;
  element("hint").hidden = hint === "";
  element("save").hidden = state !== "accepted";
  result.hidden = false;
}

/** A proof to be saved; one before it is let go. */
function offer(proof) {
  if (saved) URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(new Blob([proof], { type: "application/json" }));
  element("download").href = saved;
}

async function inputs() {
  const read = async (id) => new Uint8Array(await element(id).files[0].arrayBuffer());
  const [portfolio, market, place] = await Promise.all(["portfolio", "market", "place"].map(read));
  const asked = { portfolio, market, place, claim: element("claim").value };
  if (element("srs").files.length) asked.srs = await read("srs");
  if (element("layout").value) asked.layout = element("layout").value;
  return asked;
}

function toggle(on) {
  element("prove").disabled = on;
  element("cancel").disabled = !on;
}

async function start() {
  running = new AbortController();
  toggle(true);
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  try {
    const onProgress = ({ stage, circuit }) =>
      show("running", STAGES[stage], `${circuit ?? ""} ${seconds()} s`.trim());
    const { signal } = running;
    const { proof, account, claim, memory_bytes } = await prove(await inputs(), { onProgress, signal });
    offer(proof);
    const memory = (memory_bytes / 2 ** 20).toFixed(0);
    show("accepted", "Proved", `${account} is ${claim}: a proof file of ${proof.length} bytes, in ${seconds()} s and ${memory} MiB.`);
  } catch (error) {
    if (running.signal.aborted) show("cancelled", "Cancelled", "No proof was made, and nothing was kept.");
    else show("failed", "No proof", error.message, error.hint ? `What to do: ${error.hint}` : "");
  } finally {
    toggle(false);
    element("result").focus();
  }
}

element("inputs").addEventListener("submit", (event) => {
  event.preventDefault();
  start();
});
element("cancel").addEventListener("click", () => running.abort());
document.documentElement.dataset.ready = "true";
