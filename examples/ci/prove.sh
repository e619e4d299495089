#!/usr/bin/env bash
# Fetches an epoch, proves, verifies, and writes the job summary: what the action
# runs. Everything comes in variables; the identity is in ZKMARGIN_IDENTITY.
set -euo pipefail

need() {
    for name in "$@"; do
        [[ -n "${!name:-}" ]] || { echo "$name is not set" >&2; exit 2; }
    done
}
need ZKMARGIN PORTFOLIO VENUE_URL SIGNERS MODEL CONTEXT ACCOUNT LEVEL MAX_AGE PROOF ZKMARGIN_IDENTITY

# The identity reaches the one command that needs it, and is no argument.
identity=$ZKMARGIN_IDENTITY
unset ZKMARGIN_IDENTITY

summary=${GITHUB_STEP_SUMMARY:-/dev/stderr}
# A step that fails says so in the summary as well.
stage="fetch the epoch"
ended() {
    code=$?
    if [[ $code -ne 0 ]]; then
        printf '### Margin proof: failed\n\nCould not %s (exit code %s).\n' "$stage" "$code" >>"$summary"
    fi
}
trap ended EXIT

for file in market state epoch; do
    curl --fail --silent --show-error --max-time 60 -o "$file.json" "$VENUE_URL/$file.json"
done

stage="accept the epoch: it is not what its signers and the model say, or is too old"
"$ZKMARGIN" market verify market.json --model "$MODEL"
"$ZKMARGIN" epoch verify epoch.json --signers "$SIGNERS" --context "$CONTEXT" \
    --market market.json --max-age "$MAX_AGE"

stage="prove at-least:$LEVEL"
ZKMARGIN_IDENTITY=$identity "$ZKMARGIN" prove "$PORTFOLIO" --quiet --force \
    --market market.json --state state.json --context "$CONTEXT" \
    --claim "at-least:$LEVEL" --output "$PROOF"

stage="verify the proof"
"$ZKMARGIN" verify "$PROOF" --epoch epoch.json --signers "$SIGNERS" \
    --context "$CONTEXT" --account "$ACCOUNT" --at-least "$LEVEL" --max-age "$MAX_AGE"

field() {
    sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$2" | head -n 1
}
epoch=$(field epoch "$PROOF")
age="at most $MAX_AGE old"
taken=$(field market_timestamp epoch.json)
if [[ "$taken" =~ ^[0-9]+$ ]]; then
    age="$(($(date +%s) - taken)) s old"
fi
if [[ -n "${GITHUB_OUTPUT:-}" ]]; then
    echo "epoch=$epoch" >>"$GITHUB_OUTPUT"
fi
run="${GITHUB_SERVER_URL:-}/${GITHUB_REPOSITORY:-}/actions/runs/${GITHUB_RUN_ID:-}"
cat >>"$summary" <<EOF
### Margin proof: at least $LEVEL

| | |
|---|---|
| account | \`$(field account "$PROOF")\` |
| epoch | $epoch |
| prices | $age; allowed are $MAX_AGE |
| verified | $(date -u '+%Y-%m-%d %H:%M:%S UTC') |
| proof | \`$PROOF\`, $(wc -c <"$PROOF") bytes: an artifact of [this run]($run) where the workflow uploads it |
EOF
