#!/usr/bin/env bash
# Every test: Go with the race detector, front end, real servers, a real browser. `make test` has installed what they need.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.cache/bin:$PATH"
# A server that a test needs and does not find is a failure here, never a skip.
export TRIVUE_REQUIRE_ALL=1
export TRIVUE_BINARY="$PWD/bin/trivue"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

say "formatting, vet, types"
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
[ -z "$unformatted" ] || { printf 'gofmt would change:\n%s\n' "$unformatted" >&2; exit 1; }
go vet ./...
(cd web && npm run --silent check)

say "linters and import rules"
scripts/lint.sh

say "what must build without cgo"
CGO_ENABLED=0 go build $(go list ./... | grep -v -E '/(cmd/trivue|pipeline/gstx|facematch/dlib|bench|e2e)($|/)')

say "front end"
(cd web && npm run --silent test)

say "Go"
go test -race -timeout 20m ./...
