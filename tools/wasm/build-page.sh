#!/usr/bin/env bash
# Builds `verifier/wasm` into `verifier/web/verifier.{js,wasm}`, which are kept
# in the repository so that `cargo build` alone makes `zkmargin verify --open`.
# Needs node with npm, and the network for the tools.
set -euo pipefail
cd "$(dirname "$0")/../.."
web=verifier/web
target=wasm32-unknown-unknown

flags=$(tools/wasm/sysroot.sh $target)
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$flags \
  cargo build -q --locked -p zkmargin-verifier-wasm --profile wasm --target $target

bindgen=$(tools/wasm/bindgen.sh)
pkg=target/wasm-page
"$bindgen" --target web --no-typescript --out-dir $pkg --out-name verifier \
  target/$target/wasm/zkmargin_verifier_wasm.wasm

[ -d $web/node_modules/binaryen ] || npm ci --silent --prefix $web
$web/node_modules/.bin/wasm-opt -O2 --enable-bulk-memory --enable-sign-ext \
  --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types \
  --enable-multivalue $pkg/verifier_bg.wasm -o $web/verifier_bg.wasm
cp $pkg/verifier.js $web/verifier.js
ls -l $web/verifier.js $web/verifier_bg.wasm
