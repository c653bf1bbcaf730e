#!/usr/bin/env bash
# Fuzzes every parser of outside input in turn: scripts/fuzz.sh [SECONDS] (30 by default).
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
grep -rlE '^func Fuzz' --include='*_test.go' . | xargs -n1 dirname | sort -u | while read -r package; do
  grep -hoE '^func Fuzz[A-Za-z0-9]+' "$package"/*_test.go | awk '{print $2}' | while read -r target; do
    echo "==> $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "${seconds}s" "$package"
  done
done
