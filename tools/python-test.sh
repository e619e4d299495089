#!/usr/bin/env bash
# Builds the Python module as the workspace's tests are built, and runs its tests and
# its example. Needs Python 3.9 or later; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}

# With the workspace, so that nothing is compiled again with other features.
cargo build --workspace --lib --locked
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
target=${CARGO_TARGET_DIR:-target}/debug
for built in "$target"/libzkmargin.so "$target"/libzkmargin.dylib; do
  if [[ -e $built ]]; then cp "$built" "$place/zkmargin.abi3.so"; fi
done
export PYTHONPATH=$place PYTHONDONTWRITEBYTECODE=1
"$python" -m unittest discover -s python/tests "$@"
"$python" python/examples/margin_over_spot.py >"$place/margin.svg"
"$python" -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$place/margin.svg"
echo "the example draws an SVG of $(wc -c <"$place/margin.svg") bytes"
