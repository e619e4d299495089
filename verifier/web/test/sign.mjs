// Epoch files of the stored proofs, signed here by other code than the
// verifier's: what is signed is EIP-712 typed data.

import { secp256k1 } from "@noble/curves/secp256k1";
import { keccak_256 } from "@noble/hashes/sha3";
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils";

const bare = (hex) => hex.slice(2);
/** A word of 32 bytes with an integer at its end, or bytes at its start. */
const integer = (value) => hexToBytes(BigInt(value).toString(16).padStart(64, "0"));
const left = (hex) => hexToBytes(bare(hex).padEnd(64, "0"));
const hashOf = (...words) => keccak_256(concatBytes(...words));
const text = (value) => keccak_256(utf8ToBytes(value));

const DOMAIN = hashOf(text("EIP712Domain(string name,string version)"), text("zk-margin"), text("1"));
const TYPE = text(
  "Epoch(bytes31 context,uint64 epoch,bytes32 stateRoot,bytes32 marketRoot,bytes31 model,uint64 marketTimestamp,uint32 priceMoveBps,uint64 reference,bytes32 previous)",
);

function digest(epoch) {
  const struct = hashOf(
    TYPE,
    left(epoch.context),
    integer(epoch.epoch),
    left(epoch.state_root),
    left(epoch.market_root),
    left(epoch.model),
    integer(epoch.market_timestamp),
    integer(epoch.price_move_bps),
    integer(epoch.reference),
    left(epoch.previous),
  );
  return hashOf(hexToBytes("1901"), DOMAIN, struct);
}

/** Three publishers, by ascending address. */
const publishers = [1, 2, 3]
  .map((number) => {
    const secret = integer(number);
    const point = secp256k1.getPublicKey(secret, false).slice(1);
    return { secret, address: `0x${bytesToHex(keccak_256(point).slice(12))}` };
  })
  .sort((a, b) => (a.address < b.address ? -1 : 1));

/** Any two of them sign for the market. */
export const signers = { threshold: 2, signers: publishers.map(({ address }) => address) };

function sign(secret, epoch) {
  const signature = secp256k1.sign(digest(epoch), secret);
  return `0x${signature.toCompactHex()}${(27 + signature.recovery).toString(16)}`;
}

/** The epoch that a proof is of, signed by so many, with prices of a time. */
export function epochOf(proof, { time = Math.floor(Date.now() / 1000) - 60, signed = 2, ...changed } = {}) {
  const { context, epoch, state_root, market_root, model } = proof.instance;
  const file = {
    format: "zkmargin-epoch",
    version: 1,
    context,
    epoch,
    state_root,
    market_root,
    model,
    market_timestamp: time,
    price_move_bps: 120,
    reference: epoch - 1,
    previous: `0x${"11".repeat(32)}`,
    ...changed,
  };
  return { ...file, signatures: publishers.slice(0, signed).map(({ secret }) => sign(secret, file)) };
}
