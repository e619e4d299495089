// An outcome in words. Texts are set as text, never as HTML.

const TITLES = {
  accepted: ["✓", "Valid"],
  waived: ["⚠", "Proved, as far as it was asked"],
  "given-signers": ["⚠", "Holds under signers you gave, whom this page does not know"],
  below: ["⚠", "Valid: the account is BELOW a level"],
  "not-pinned": ["⚠", "Proved, and NOT accepted: not all was told"],
  given: ["⚠", "Holds under a key you gave, which this page does not know"],
  insecure: ["⚠", "Proves nothing: insecure key"],
  mismatch: ["✗", "Proved, of something else"],
  invalid: ["✗", "Invalid"],
  malformed: ["✗", "Malformed"],
  unsupported: ["?", "Cannot be checked on this page"],
  "unknown-key": ["?", "Unknown key"],
  "bad-key": ["✗", "Key cannot be used"],
  "bad-expected": ["✗", "Nothing can be held to what was told"],
  failed: ["✗", "Could not be checked"],
};

/** What is wrong with what was told. */
const BAD_EXPECTED = {
  epoch: "The epoch file cannot be relied on",
  signers: "The list of signers cannot be used",
  age: "The prices are not fresh",
};

/** What no proof says of itself. */
const UNVOUCHED =
  "What nobody told is what the proof says it is: whoever made it may have made that up, and the prices may be old. Choose the epoch file that the publishers signed and the list of its signers, and say the level and the age that you allow.";

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
export const plain = (text) => String(text).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");

/** An element with a text, never HTML. */
export function tag(name, text) {
  const made = document.createElement(name);
  made.textContent = plain(text);
  return made;
}

/** Where a key is from. */
export const from = (key) => (key.pinned ? "of this page" : "given by you");

/** The mark and the title of an outcome. */
export function heading({ state, what }) {
  const [mark, title] = TITLES[state];
  return [mark, (state === "bad-expected" && BAD_EXPECTED[what]) || title];
}

/** What follows the file's name. */
export function summary({ state, claim, circuit, reason, by, words }) {
  const says = () =>
    `account ${claim.account} ${LEVELS[claim.claim] ?? claim.claim}, in epoch ${claim.epoch}.`;
  switch (state) {
    case "accepted":
    case "waived":
    case "below":
    case "not-pinned":
      return [`: ${words}. That is: ${says()} Checked with a key ${from(by)}.`];
    case "given-signers":
      return [` says: ${says()} Its epoch is signed by those whom your list names, and this page knows none of them.`];
    case "given":
      return [` says: ${says()} Accepted by the key `, tag("code", by.digest), ", and by no key of this page."];
    case "insecure":
      return [" is well-formed and its equations hold, but under a key for tests."];
    case "mismatch":
      return [` is not about what was told: ${reason}. It may be sound: do not rely on it here.`];
    case "invalid":
      return [
        ` does not prove what it says under the key ${from(by)}. It was changed, made for other public inputs, or under another key.`,
      ];
    case "malformed":
      return [" is no proof that can be checked", by ? ` with the key ${from(by)}: ` : ": ", tag("bdi", reason)];
    case "unsupported":
      return [` is ${reason}. This page checks on-chain proofs (KZG) of margin alone: nothing was checked.`];
    case "unknown-key":
      return [
        `: this page has no key for ${circuit}`,
        tag("bdi", reason && ` (${reason})`),
        ". Choose the key file together with the proof.",
      ];
    case "bad-expected":
      return [" was not checked: ", tag("bdi", reason)];
    default:
      return [": ", tag("bdi", reason)];
  }
}

export function caution({ state, against, other, givenSigners }) {
  if (against) {
    return `A key that you gave accepts it, ${against.digest}, but the key of this page does not, and that one counts. Do not trust the key that you gave: remove it below.`;
  }
  switch (state) {
    case "insecure":
      return "The secret of this key's powers of tau is public, so anybody can make such a proof, true or not. Use it for tests alone.";
    case "not-pinned":
      return UNVOUCHED;
    case "given-signers":
      return "Whoever made this list of signers can have signed any roots and any prices. Compare the addresses with those that your protocol publishes, not with a list that came along with the proof; unless they are the same, this proves nothing.";
    case "given": {
      const theirs = other?.pinned ? ` This page's own key of this circuit is another one: ${other.digest}.` : "";
      const signers = givenSigners ? " The list of signers that you gave is worth no more: compare its addresses too." : "";
      return `Whoever made this key can make it accept anything. Compare its digest with the one that your protocol publishes, not with one that came along with the proof; unless they are the same, this proves nothing.${theirs}${signers}`;
    }
    default:
      return "";
  }
}

/** The figures of a proof, each with how well it is known. */
export function details({ state, claim, circuit, by, assurance, rests_on }) {
  if (!claim) return [];
  const known = (figure) => (assurance?.[figure] ?? "claimed").replace(/^claimed$/, "only claimed");
  const disclosed =
    claim.disclosed === "0" ? "nothing" : `a shortfall of ${claim.disclosed} quote units`;
  const memo = /^0x0*$/.test(claim.memo ?? "0x")
    ? []
    : [[`Memo, bound by the proof, ${known("memo")}`, claim.memo]];
  const rests = state === "given" || !rests_on ? [] : [["Rests on", rests_on]];
  return [
    ...rests,
    [`Account, ${known("account")}`, claim.account],
    [`Claim, ${known("claim")}`, claim.claim],
    [`Epoch, ${known("epoch")}`, String(claim.epoch)],
    [`Disclosed, ${known("disclosed")}`, disclosed],
    ...memo,
    [`Context, ${known("context")}`, claim.context],
    [`State root, ${known("state_root")}`, claim.state_root],
    [`Market root, ${known("market_root")}`, claim.market_root],
    [`Margin model, ${known("model")}`, claim.model],
    ["Circuit", circuit],
    ["Verifying key", `${by.digest}, ${from(by)}`],
  ];
}
