#!/usr/bin/env bash
# Tests the Python module and its example. Needs Python 3.9 or later.
#
# Without more, the module is built as the workspace's tests are built, and nothing is
# installed. With ZKMARGIN_PIP=1 it is what a user does: `pip install` in a fresh
# environment, and the tests run outside the tree (PROFILE, `release` unless told, is
# what it is built with: ten minutes of CPU time; the network for maturin).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export PYTHONDONTWRITEBYTECODE=1

if [[ -n ${ZKMARGIN_PIP:-} ]]; then
  "$python" -m venv "$place/venv"
  MATURIN_PEP517_ARGS="--profile ${PROFILE:-release}" "$place/venv/bin/pip" install -q ./python
  python=$place/venv/bin/python
else
  # With the workspace, so that nothing is compiled again with other features.
  cargo build --workspace --lib --locked
  target=${CARGO_TARGET_DIR:-target}/debug
  for built in "$target"/libzkmargin.so "$target"/libzkmargin.dylib; do
    if [[ -e $built ]]; then cp "$built" "$place/zkmargin.abi3.so"; fi
  done
  export PYTHONPATH=$place
fi

cp -r python/tests python/examples "$place"
cd "$place"
"$python" -m unittest discover -s tests "$@"
"$python" examples/margin_over_spot.py >margin.svg
"$python" -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' margin.svg
echo "$("$python" -c 'import zkmargin; print(zkmargin.__file__)'): the example draws an SVG of $(wc -c <margin.svg) bytes"
