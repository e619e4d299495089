// What a proof must be about, as the page and its reader tell it: an epoch file,
// who must have signed it, a level and an age. Signers that the page comes with
// have the last word, as its keys have: a list that somebody sent along with a
// proof names whoever its maker wants.

/** Told by the page: what `expected.json` says besides the names of files. */
let pinned = {};
/** `{ name, text, pinned }` each, or nothing. */
let epoch;
let signers;


/** What a chosen JSON file is by its fields: `epoch`, `signers`, or nothing. */
export function kindOf(text) {
  let file;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (file?.format === "zkmargin-epoch") return "epoch";
  if (file && typeof file === "object" && "threshold" in file && "signers" in file) return "signers";
  return undefined;
}

/** The same list of signers, however it is spelt. */
const canonical = (text) => {
  try {
    const { threshold, signers } = JSON.parse(text);
    return JSON.stringify([threshold, signers]).toLowerCase();
  } catch {
    return text;
  }
};

/** Who must have signed, in words: whoever relies on it compares the addresses. */
export function signersInWords(text) {
  try {
    const { threshold, signers } = JSON.parse(text);
    return `${threshold} of ${signers.join(", ")}`;
  } catch {
    return "not readable";
  }
}

/** Takes an epoch file or a list of signers; gives why not, if it does not. */
export function tell(kind, { name, text, pinned = false }) {
  if (kind === "epoch") {
    epoch = { name, text, pinned };
  } else if (!signers?.pinned) {
    signers = { name, text, pinned };
  } else if (canonical(text) !== canonical(signers.text)) {
    return "this page comes with a list of signers, which counts: nothing was checked with another";
  }
  return undefined;
}

export function forget(kind) {
  if (kind === "epoch") epoch = undefined;
  else signers = undefined;
}

/** The files told, as they are listed. */
export const files = () =>
  Object.entries({ epoch, signers }).flatMap(([kind, file]) => (file ? [{ kind, ...file }] : []));

/** Reads `expected.json`, in which `epoch` and `signers` name files next to the
 * page; `fetchText` gives the text of a file. */
export async function loadExpected(fetchText) {
  const text = await fetchText("expected.json");
  if (text === undefined) return;
  const { epoch, signers, ...others } = JSON.parse(text);
  for (const field of ["now", "insecure_dev_srs"]) {
    if (field in others) throw new Error(`expected.json says ${field}, which is not a page's to say`);
  }
  pinned = others;
  for (const [kind, name] of Object.entries({ epoch, signers })) {
    if (name === undefined) continue;
    const text = await fetchText(name);
    if (text === undefined) throw new Error(`expected.json names ${name}, which is not next to this page`);
    tell(kind, { name, text, pinned: true });
  }
}

/** What the page itself tells of a field. */
export const pinnedValue = (field) => pinned[field];

/** What proofs are held to, with the level and age that the reader chose. */
export function expected({ at_least, max_age }) {
  const all = { ...pinned, at_least: at_least || undefined, max_age: max_age || undefined };
  // `claim` says exactly what `at_least` says as a bound.
  if (all.at_least) delete all.claim;
  // An age is one of the epoch file, and so are signers.
  if (!epoch) return { ...all, max_age: undefined };
  return { ...all, epoch: epoch.text, signers: signers?.text };
}

/** Whether a verdict rests on signers that this page does not know. */
export const restsOnGivenSigners = () => epoch !== undefined && signers !== undefined && !signers.pinned;

