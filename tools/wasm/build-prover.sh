#!/usr/bin/env bash
# Builds `prover/wasm` into `prover/web/prover{.js,_bg.wasm}`, which are kept in the
# repository as the verifier's are: the build takes four minutes of CPU time. Needs
# node with npm, and the network for the tools.
set -euo pipefail
cd "$(dirname "$0")/../.."
web=prover/web
target=wasm32-unknown-unknown

flags=$(tools/wasm/sysroot.sh $target)
# Random bytes are the browser's.
CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS="$flags --cfg getrandom_backend=\"wasm_js\"" \
  cargo build -q --locked -p zkmargin-prover-wasm --profile wasm --target $target

bindgen=$(tools/wasm/bindgen.sh)
pkg=target/wasm-prover
"$bindgen" --target web --no-typescript --out-dir $pkg --out-name prover \
  target/$target/wasm/zkmargin_prover_wasm.wasm

[ -d verifier/web/node_modules/binaryen ] || npm ci --silent --prefix verifier/web
verifier/web/node_modules/.bin/wasm-opt -O2 --enable-bulk-memory --enable-sign-ext \
  --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types \
  --enable-multivalue $pkg/prover_bg.wasm -o $web/prover_bg.wasm
cp $pkg/prover.js $web/prover.js
# The pages look alike.
cp verifier/web/style.css $web/style.css
ls -l $web/prover.js $web/prover_bg.wasm
