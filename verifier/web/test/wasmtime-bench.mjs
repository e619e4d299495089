// Size, speed and memory of the wasm in wasmtime, which takes minutes to compile:
//
//     npm run bench:wasmtime --prefix verifier/web

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bytes, key, valid } from "./vectors.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "zkmargin-"));
try {
  const [proof, vk] = ["proof.json", "key.vk"].map((name) => join(directory, name));
  writeFileSync(proof, bytes(valid[0]));
  writeFileSync(vk, key);
  const cargo = ["run", "-q", "--release", "--locked", "--manifest-path", path("../../wasm/wasmtime/Cargo.toml"), "--"];
  const files = [path("../verifier_bg.wasm"), proof, vk];
  process.exitCode = spawnSync("cargo", [...cargo, ...files], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(directory, { recursive: true });
}
