#!/usr/bin/env bash
# Packages every crate that could be published, in order, and checks that what their
# code includes is in them. With ZKMARGIN_CHECK_PACKAGES=1 they are also compiled as
# they were packaged, together and apart from the tree: `cargo package` would build each
# of them anew (a minute of CPU time in place of half an hour).
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")

rm -f "$target"/package/zkmargin-*.crate
cargo package --workspace --exclude zkmargin-benches --exclude zkmargin-testkit \
  --exclude zkmargin-python --locked --allow-dirty --no-verify --quiet 2>&1 |
  grep -v "is not included in the published package" || true

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
missing=0 packages=0 included=0
for crate in "$target"/package/zkmargin-*.crate; do
  tar -xzf "$crate" -C "$place"
  root=$place/$(basename "$crate" .crate)
  packages=$((packages + 1))
  # Tests within the source include what only the repository has.
  while IFS=: read -r file name; do
    found=$(realpath -m "$(dirname "$file")/$name")
    included=$((included + 1))
    if [[ $found != "$root"/* || ! -e $found ]]; then
      echo "${file#"$place/"}: includes $name, which is not in the package" >&2
      missing=1
    fi
  done < <(find "$root" -name '*.rs' ! -path '*/tests/*' ! -name '*tests.rs' -exec awk '
    FNR == 1 { tests = 0 }
    /^#\[cfg\(test\)\]/ { tests = 1 }
    !tests && match($0, /include_(bytes|str)!\("[^"]+/) {
      name = substr($0, RSTART, RLENGTH); sub(/.*"/, "", name); print FILENAME ":" name
    }' {} +)
done
[[ $packages -ge 13 ]] || { echo "only $packages packages were made" >&2; missing=1; }
echo "$packages packages, $included included files"

if [[ -n ${ZKMARGIN_CHECK_PACKAGES:-} ]]; then
  # Each stands for what the registry would have.
  {
    printf '[workspace]\nresolver = "3"\nmembers = ["zkmargin-*"]\n\n[patch.crates-io]\n'
    for root in "$place"/zkmargin-*/; do
      name=$(basename "$root")
      printf '%s = { path = "%s" }\n' "${name%-*}" "$name"
    done
    # The same profiles, for the sake of what is compiled already.
    sed -n '/^\[profile\.wasm\]/,$p' Cargo.toml
  } >"$place/Cargo.toml"
  cp Cargo.lock rust-toolchain.toml "$place"
  (cd "$place" && CARGO_TARGET_DIR=$target cargo check --workspace --offline)
fi
exit "$missing"
