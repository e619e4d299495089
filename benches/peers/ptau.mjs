// Powers of tau of a secret that is thrown away here and was known for a while:
// enough to measure with, and made in minutes where snarkjs prepares a real
// ceremony's for half an hour. Only the Lagrange points of one size are written,
// those of the smaller ones are left zero.
import { open } from "node:fs/promises";
import { writeFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

const HEADER = 1;
const [TAU_G1, TAU_G2, ALPHA_G1, BETA_G1, BETA_G2, CONTRIBUTIONS] = [2, 3, 4, 5, 6, 7];
const [LAGRANGE_G1, LAGRANGE_G2, LAGRANGE_ALPHA, LAGRANGE_BETA] = [12, 13, 14, 15];

/** Writes a file for Groth16 keys of circuits of exactly 2^power constraints' room. */
export async function writePtau(curve, power, path) {
  const { Fr, G1, G2 } = curve;
  const [tau, alpha, beta] = [secret(Fr), secret(Fr), secret(Fr)];
  const size = 2 ** power;
  const file = await started(path, curve, power, 11);
  // Powers themselves: set-ups read their first points only.
  await file.section(TAU_G1, 64 * (2 * size - 1), powers(G1, Fr, Fr.one, tau, 2 * size - 1, 64));
  await file.section(TAU_G2, 128 * size, powers(G2, Fr, Fr.one, tau, size, 128));
  await file.section(ALPHA_G1, 64 * size, powers(G1, Fr, alpha, tau, size, 64));
  await file.section(BETA_G1, 64 * size, powers(G1, Fr, beta, tau, size, 64));
  await file.section(BETA_G2, 128, [affine(G2, G2.timesFr(G2.g, beta))]);
  await file.section(CONTRIBUTIONS, 4, [numbers([[0, 4]])]);
  const wide = lagrange(Fr, power + 1, tau);
  const scalars = lagrange(Fr, power, tau);
  await file.section(LAGRANGE_G1, 64 * (4 * size - 1), points(G1, Fr, Fr.one, [scalars, wide], size, 64));
  await file.section(LAGRANGE_G2, 128 * (2 * size - 1), points(G2, Fr, Fr.one, [scalars], size, 128));
  await file.section(LAGRANGE_ALPHA, 64 * (2 * size - 1), points(G1, Fr, alpha, [scalars], size, 64));
  await file.section(LAGRANGE_BETA, 64 * (2 * size - 1), points(G1, Fr, beta, [scalars], size, 64));
  await file.close();
}

/** Writes a file for PLONK keys of circuits of exactly 2^power rows: those take the
 * powers themselves (six more than rows, for blinding), and Lagrange points in G1. */
export async function writePlonkPtau(curve, power, path) {
  const { Fr, G1, G2 } = curve;
  const tau = secret(Fr);
  const size = 2 ** power;
  const file = await started(path, curve, power, 4);
  await file.section(TAU_G1, 64 * (size + 6), allPowers(G1, Fr, tau, size + 6));
  await file.section(TAU_G2, 256, powers(G2, Fr, Fr.one, tau, 2, 128));
  const scalars = lagrange(Fr, power, tau);
  await file.section(LAGRANGE_G1, 64 * (2 * size - 1), points(G1, Fr, Fr.one, [scalars], size, 64));
  await file.close();
}

/** Writes what barretenberg reads: powers in G1, and tau in G2, big-endian, and of the
 * extension field the part without the root first. Returns tau in G2 as written. */
export function writeCrs(curve, count, folder) {
  const { Fr, G1, G2 } = curve;
  const tau = secret(Fr);
  const first = new Uint8Array(64 * count);
  let index = 0;
  for (const power of fieldPowers(Fr, tau, count)) {
    G1.toRprUncompressed(first, 64 * index++, G1.timesFr(G1.g, power));
  }
  const second = new Uint8Array(128);
  G2.toRprUncompressed(second, 0, G2.timesFr(G2.g, tau));
  const coordinate = (at) => second.subarray(32 * at, 32 * (at + 1));
  const swapped = Buffer.concat([1, 0, 3, 2].map(coordinate));
  writeFileSync(`${folder}/bn254_g1.dat`, first);
  writeFileSync(`${folder}/bn254_g2.dat`, swapped);
  return swapped;
}

/** A file of powers of tau with its header written, for so many sections. */
async function started(path, curve, power, sections) {
  const file = await open(path, "w");
  let position = 0;
  const write = async (bytes) => {
    await file.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  };
  const section = async (id, length, pieces) => {
    await write(numbers([[id, 4], [length, 8]]));
    const start = position;
    for await (const piece of pieces) await write(piece);
    if (position - start !== length) throw new Error(`section ${id} has another length`);
  };
  await write(Buffer.concat([Buffer.from("ptau"), numbers([[1, 4], [sections, 4]])]));
  await section(HEADER, 44, [header(curve, power)]);
  return { section, close: () => file.close() };
}

/** All powers, in pieces of one point. */
function* allPowers(group, field, tau, count) {
  for (const power of fieldPowers(field, tau, count)) {
    yield affine(group, group.timesFr(group.g, power));
  }
}

function* fieldPowers(field, tau, count) {
  let power = field.one;
  for (let index = 0; index < count; index++) {
    yield power;
    power = field.mul(power, tau);
  }
}

function secret(field) {
  return field.e(randomInteger() % field.p);
}

/** The first two powers, and zeros. */
function* powers(group, field, factor, tau, count, bytes) {
  yield affine(group, group.timesFr(group.g, factor));
  yield affine(group, group.timesFr(group.g, field.mul(factor, tau)));
  yield Buffer.alloc((count - 2) * bytes);
}

/** Zeros for the smaller sizes, then the points of the scalars. */
function* points(group, field, factor, lists, size, bytes) {
  yield Buffer.alloc((size - 1) * bytes);
  for (const scalars of lists) {
    for (const scalar of scalars) {
      yield affine(group, group.timesFr(group.g, field.mul(factor, scalar)));
    }
  }
}

/** The Lagrange polynomials of 2^power points at tau. */
function lagrange(field, power, tau) {
  const size = 2 ** power;
  const root = field.w[power];
  const zero = field.sub(field.exp(tau, size), field.one);
  const share = field.div(zero, field.e(size));
  const scalars = [];
  let point = field.one;
  for (let index = 0; index < size; index++) {
    scalars.push(field.div(field.mul(share, point), field.sub(tau, point)));
    point = field.mul(point, root);
  }
  return scalars;
}

function affine(group, point) {
  return group.toAffine(point);
}

function header(curve, power) {
  const prime = numbers([[curve.q, 32]]);
  return Buffer.concat([numbers([[32, 4]]), prime, numbers([[power, 4], [power, 4]])]);
}

/** Numbers, each in so many bytes, little-endian. */
function numbers(list) {
  return Buffer.concat(
    list.map(([number, bytes]) => {
      const out = Buffer.alloc(bytes);
      let rest = BigInt(number);
      for (let index = 0; index < bytes; index++, rest >>= 8n) out[index] = Number(rest & 255n);
      return out;
    }),
  );
}

function randomInteger() {
  const bytes = webcrypto.getRandomValues(new Uint8Array(40));
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}
