#!/usr/bin/env bash
# Packages every crate that could be published, in order, and checks that what their
# code includes is in them: `cargo package` alone would find out by compiling each.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo package --workspace --exclude zkmargin-benches --exclude zkmargin-testkit \
  --exclude zkmargin-python --locked --allow-dirty --no-verify --quiet 2>&1 |
  grep -v "is not included in the published package" || true

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
missing=0 packages=0 included=0
for crate in "${CARGO_TARGET_DIR:-target}"/package/zkmargin-*.crate; do
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
[[ $packages -ge 12 ]] || { echo "only $packages packages were made" >&2; missing=1; }
echo "$packages packages, $included included files"
exit "$missing"
