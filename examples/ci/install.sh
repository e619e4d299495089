#!/usr/bin/env bash
# Puts zkmargin into ~/.cargo/bin: the binary of a digest, or a build of a commit. What
# could be another one tomorrow is refused. Everything comes in variables.
set -euo pipefail

place=$HOME/.cargo/bin/zkmargin
mkdir -p "$(dirname "$place")"

if [[ -n "${BINARY_URL:-}" ]]; then
    [[ "${BINARY_SHA256:-}" =~ ^[0-9a-f]{64}$ ]] || {
        echo "binary-sha256: give the 64 hexadecimal digits of the binary's SHA-256" >&2
        exit 2
    }
    draft=$(mktemp)
    trap 'rm -f "$draft"' EXIT
    curl --fail --silent --show-error --location --max-time 300 -o "$draft" "$BINARY_URL"
    echo "$BINARY_SHA256  $draft" | sha256sum --check --quiet || {
        echo "binary-sha256: what $BINARY_URL holds is another file: do not use it" >&2
        exit 1
    }
    install -m 755 "$draft" "$place"
    exit
fi

# A branch or tag can move to code that nobody looked at.
[[ "${COMMIT:-}" =~ ^[0-9a-f]{40}$ ]] || {
    echo "give binary, binary-url with binary-sha256, or commit as 40 hexadecimal digits" >&2
    exit 2
}
cargo install --locked --git https://github.com/zk-margin/zk-margin --rev "$COMMIT" zkmargin-prover
