#!/usr/bin/env bash
# Measures proofs on a card, and on the processor beside it, with the benchmark
# `kzg` built with the feature `cuda`: benches/gpu.sh BINARY [LIBRARIES]
# LIBRARIES is a folder with libcudart.so.13, where the system has none.
set -euo pipefail
binary=${1:?the benchmark kzg, built with --features cuda}
export LD_LIBRARY_PATH=${2:+$2:}${LD_LIBRARY_PATH:-}

step() { printf '\n== %s\n' "$*"; "$@" || printf 'FAILED: %s\n' "$*"; }

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true
# Does anything work at all?
step timeout 120 "$binary" --device gpu --family standard --shape medium --runs 3 --accounts 4
step "$binary" --device gpu --runs 15 --accounts 100 --threads 6 --profile
step "$binary" --device gpu --runs 1 --accounts 100 --threads 3 --workers 3
step "$binary" --device gpu --runs 1 --accounts 100 --threads 3 --workers 6
step "$binary" --device gpu --shape small --runs 15 --accounts 50 --threads 6
step "$binary" --device cpu --runs 5 --accounts 10 --threads 1
step "$binary" --device cpu --family standard --shape small --runs 5 --accounts 0
step "$binary" --device gpu --family standard --shape small --runs 15 --accounts 0
# The wide layout: fewer rows, more columns.
step "$binary" --device gpu --layout wide --runs 15 --accounts 100 --threads 6 --profile
step "$binary" --device gpu --layout wide --family standard --shape medium --runs 15 --accounts 50 --threads 6
step "$binary" --device gpu --layout wide --shape large --runs 7 --accounts 20 --threads 6
step "$binary" --device cpu --layout wide --runs 5 --accounts 10 --threads 1
