#!/usr/bin/env bash
# Prints the RUSTFLAGS to build for a target whose standard library this
# machine may not have: nothing when rustup has it or can fetch it, else
# `--sysroot=...` of one that is built here, once, in `target/`.
#
#   sysroot.sh wasm32-unknown-unknown          browsers, node, wasmtime
#   sysroot.sh wasm32-unknown-unknown mvp      CosmWasm, which refuses bulk memory
#   sysroot.sh thumbv7em-none-eabi             bare metal: core and alloc
#
# The source is that of Rust 1.95.0's standard library (see NOTICE), unchanged;
# it needs cargo and the crate registry.
set -euo pipefail
target=${1:?usage: sysroot.sh TARGET [mvp]}
flavour=${2:-default}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
archive="$here/library-1.95.0.tar.xz"
digest=c94396509b54b1ee225248e386c66e45f5028ffb99d52abf9612ba7a4b6200c7

# An MVP program needs an MVP standard library: rustup's uses bulk memory.
# SYSROOT=source builds it although rustup could fetch it.
if [ "$flavour" = default ] && [ "${SYSROOT:-}" != source ]; then
  if [ -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ] ||
    timeout 60 rustup target add "$target" >&2 2>&1; then
    echo "standard library of $target: rustup's" >&2
    exit 0
  fi
fi

flags="-Cembed-bitcode=yes -Zforce-unstable-if-unmarked -Cpanic=abort"
mvp="-Ctarget-cpu=mvp -Ctarget-feature=+mutable-globals,+sign-ext"
[ "$flavour" = mvp ] && flags="$flags $mvp"
# Bare metal has no std.
case $target in wasm32-*) manifest=sysroot ;; *) manifest=alloc ;; esac

dir="$root/target/sysroot/$target-$flavour"
rlib="$dir/sysroot/lib/rustlib"
if [ ! -e "$rlib/.complete" ]; then
  echo "standard library of $target ($flavour): building it from source" >&2
  echo "$digest  $archive" | sha256sum --check --quiet
  rm -rf "$dir"
  mkdir -p "$dir" "$rlib/$target/lib"
  tar -xJf "$archive" -C "$dir"
  (cd "$dir/library" && RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$dir/build" RUSTFLAGS="$flags" \
    cargo build -q --release --locked --target "$target" \
    --manifest-path "$manifest/Cargo.toml" --features compiler-builtins-mem >&2)
  cp "$dir/build/$target/release/deps/"*.rlib "$rlib/$target/lib/"
  host=$(rustc -vV | sed -n 's/^host: //p')
  ln -sfn "$(rustc --print sysroot)/lib/rustlib/$host" "$rlib/$host"
  rm -rf "$dir/build" "$dir/library"
  touch "$rlib/.complete"
else
  echo "standard library of $target ($flavour): built here before" >&2
fi
[ "$flavour" = mvp ] && extra=" $mvp" || extra=
echo "--sysroot=$dir/sysroot$extra"
