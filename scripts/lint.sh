#!/usr/bin/env bash
# Runs the linters of .golangci.yml, building golangci-lint on first use (some minutes on two cores).
set -euo pipefail
cd "$(dirname "$0")/.."
version=v2.15.0
bin=$PWD/.cache/bin
if [ ! -x "$bin/golangci-lint-$version" ]; then
  echo "==> building golangci-lint $version (some minutes, once)"
  mkdir -p "$bin"
  (cd "$(mktemp -d)" && GOBIN=$bin GOFLAGS=-mod=mod go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$version)
  mv "$bin/golangci-lint" "$bin/golangci-lint-$version"
fi
exec "$bin/golangci-lint-$version" run ./...
