#!/usr/bin/env bash
# Measures Trivue beside ffmpeg on the same inputs, in one run, and prints tables as they stand in docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
export TRIVUE_BINARY="$PWD/bin/trivue"
exec go run ./bench "$@"
