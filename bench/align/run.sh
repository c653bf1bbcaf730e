#!/usr/bin/env bash
# Makes the sets of the alignment benchmark where they are missing (BENCH_QUICK=1: only the short ones), asks Trivue and the other
# methods about every pair, and prints the tables as they stand in docs/alignment.md. BENCH_SEEDS=fresh or third takes other seeds and
# voices than those that the aligner's thresholds were chosen on. Arguments go to the scorer.
set -euo pipefail
cd "$(dirname "$0")/../.."
which=(--seeds "${BENCH_SEEDS:-tuned}")
[ "${BENCH_QUICK:-0}" = 0 ] || which+=(--quick)
bench/align/sets.py "${which[@]}"
exec go run ./bench/align "${which[@]}" --method trivue,bbc,xcorr "$@"
