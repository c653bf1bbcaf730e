#!/usr/bin/env bash
# Makes the sets of the alignment benchmark where they are missing (BENCH_QUICK=1: only the short ones), asks Trivue and the other
# methods about every pair, and prints the tables as they stand in docs/alignment.md. Arguments go to the scorer.
set -euo pipefail
cd "$(dirname "$0")/../.."
quick=()
[ "${BENCH_QUICK:-0}" = 0 ] || quick=(--quick)
bench/align/sets.py "${quick[@]}"
exec go run ./bench/align "${quick[@]}" --method trivue,bbc,xcorr "$@"
