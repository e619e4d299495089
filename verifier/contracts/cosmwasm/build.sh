#!/usr/bin/env bash
# Builds the contract into `artifacts/zkmargin_cosmwasm.wasm`, as chains take
# it: no bulk memory, at most 100 locals in a function. Needs node with npm.
set -euo pipefail
cd "$(dirname "$0")"
root=../../..
target=wasm32-unknown-unknown
flags=$("$root/tools/wasm/sysroot.sh" $target mvp)
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags -Clink-arg=-s" \
  cargo build -q --locked --lib --release --target $target
[ -d $root/verifier/web/node_modules/binaryen ] || npm ci --silent --prefix $root/verifier/web
mkdir -p artifacts
# -ocimfs: inlining makes functions of more locals than the virtual machine takes.
"$root/verifier/web/node_modules/.bin/wasm-opt" -Oz -ocimfs 1 --mvp-features \
  --enable-sign-ext --enable-mutable-globals \
  "${CARGO_TARGET_DIR:-target}/$target/release/zkmargin_cosmwasm.wasm" \
  -o artifacts/zkmargin_cosmwasm.wasm
ls -l artifacts/zkmargin_cosmwasm.wasm
