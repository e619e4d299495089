#!/usr/bin/env bash
# Prints the path of a wasm-bindgen of the version that Cargo.toml pins: the one
# on PATH, or one that is built here, once, in `target/tools`.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^wasm-bindgen = .*"=\([0-9.]*\)".*/\1/p' Cargo.toml)
is() { [ "$("$1" --version 2>/dev/null | cut -d' ' -f2)" = "$version" ]; }

bindgen=$(command -v wasm-bindgen || true)
if [ -z "$bindgen" ] || ! is "$bindgen"; then
  bindgen=$PWD/target/tools/bin/wasm-bindgen
  # Unoptimised: it is built in a fifth of the time, and runs for seconds.
  is "$bindgen" || cargo install -q --debug wasm-bindgen-cli --version "$version" --root target/tools >&2
fi
echo "$bindgen"
