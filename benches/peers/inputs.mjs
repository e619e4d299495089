// The inputs of the circom circuit as those of the Noir one: the same account and rows,
// in trees of the hash that Noir has.
const TREE_DEPTH = 7;
const LEAF = { market: 1n, account: 4n };
const NODE = { market: 2n, account: 5n };
const HEADER = 3n;
const LINK = 6n;
const OPENING = 7n;
const SLOTS = 8;
const PRIME = 0x30644e72e131a029b85045b68181585d2833e84879b97091_43e1f593f0000001n;

const PUBLIC = ["context", "epoch", "account", "model", "claim", "disclosed"];
const ACCOUNT = ["timestamp", "denominator", "blinding", "reserved"];
const KINDS = ["is_maintenance", "is_initial", "is_below"];

/** `api` hashes. */
export async function noirInputs(api, input) {
  const hash = hasher(api);
  const slots = [];
  for (let index = 0; index < SLOTS; index++) slots.push(slotOf(input, index));
  const rows = await Promise.all(slots.map((slot) => hash(LEAF.market, rowWords(slot))));
  const { root, paths } = await tree(hash, rows);
  slots.forEach((slot, index) => (slot.path = paths[index]));
  const number = (name) => BigInt(input[name]);
  const times = number("epoch") + (number("timestamp") << 64n) + (number("denominator") << 128n);
  const marketRoot = await hash(HEADER, [root, number("model"), times, 0n]);
  const committed = await commitment(hash, slots, number("reserved"), number("blinding"));
  const leaf = await hash(LEAF.account, [number("account"), committed, number("context"), 0n]);
  const account = await climb(hash, leaf, input.account_path);
  const plain = Object.fromEntries(
    [...PUBLIC, ...ACCOUNT, ...KINDS].map((name) => [name, input[name]]),
  );
  return texts({
    ...plain,
    state_root: account.root,
    market_root: marketRoot,
    account_path: account.path,
    slots,
  });
}

/** The inputs of one slot; `is` is a word of Noir's. */
function slotOf(input, index) {
  const lists = Object.entries(input).filter(
    ([name, value]) => Array.isArray(value) && !["path", "account_path"].includes(name),
  );
  return Object.fromEntries(
    lists.map(([name, list]) => [name === "is" ? "is_" : name, BigInt(list[index])]),
  );
}

function rowWords(slot) {
  const first = [slot.instrument, slot.direction << 64n, slot.lower_exclusive << 72n];
  first.push(slot.mantissa << 80n, slot.unit << 144n, slot.maintenance_rate << 208n);
  const second = [slot.lower, slot.upper << 80n];
  second.push(slot.maintenance_fraction << 160n, slot.initial_rate << 192n);
  return [sum(first), sum(second), slot.maintenance_base, slot.initial_base];
}

async function commitment(hash, slots, reserved, blinding) {
  const word = (slot) => {
    if (slot.padding === 1n) return 0n;
    const magnitude = slot.magnitude_less_sign + slot.short;
    const quantity = slot.short === 1n ? -magnitude : magnitude;
    const shifted = quantity + (1n << 63n);
    const words = [slot.instrument, slot.bucket << 64n, shifted << 80n, slot.cash << 144n];
    return sum([...words, 1n << 224n]);
  };
  let chain = reserved;
  for (let index = 0; index < slots.length; index += 2) {
    if (slots[index].padding === 1n) break;
    chain = await hash(LINK, [chain, word(slots[index]), word(slots[index + 1]), 0n]);
  }
  return await hash(OPENING, [chain, blinding, 0n, 0n]);
}

/** A tree whose first leaves these are, and no others: every path has the same root. */
async function tree(hash, leaves) {
  const paths = leaves.map(() => []);
  let nodes = leaves;
  let index = leaves.map((_, leaf) => leaf);
  for (let level = 0; level < TREE_DEPTH; level++) {
    const above = [];
    for (let first = 0; first < nodes.length; first += 4) {
      const children = [0, 1, 2, 3].map((child) => nodes[first + child] ?? 0n);
      index.forEach((at, leaf) => {
        if (at >> 2 === first >> 2) paths[leaf].push(children);
      });
      above.push(await hash(NODE.market, children));
    }
    nodes = above;
    index = index.map((at) => at >> 2);
  }
  return { root: nodes[0], paths };
}

/** The path of an account: our node first, then the siblings that the input has. */
async function climb(hash, leaf, levels) {
  const path = [];
  let node = leaf;
  for (const level of levels) {
    path.push([node, ...level.slice(1).map(BigInt)]);
    node = await hash(NODE.account, path.at(-1));
  }
  return { root: node, path };
}

function hasher(api) {
  const bytes = (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex");
  return async (domain, words) => {
    const inputs = [(words[0] + domain) % PRIME, ...words.slice(1)].map(bytes);
    const { outputs } = await api.poseidon2Permutation({ inputs });
    return (BigInt(`0x${Buffer.from(outputs[0]).toString("hex")}`) + words[0]) % PRIME;
  };
}

function sum(list) {
  return list.reduce((total, number) => total + number, 0n);
}

/** Numbers as decimals, as both languages read them. */
function texts(value) {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(texts);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, texts(item)]));
  }
  return value;
}
