#!/usr/bin/env bash
# Installs what this machine lacks, and nothing it has: Debian packages, front-end packages, test servers.
#
#   scripts/setup.sh run     what building and running needs
#   scripts/setup.sh test    the same, and what the tests need
#   scripts/setup.sh bench-align   what running needs, and what the alignment benchmark's simulated recordings are made with
#
# Safe to run again: a second run only looks, and takes about a second.
set -euo pipefail
cd "$(dirname "$0")/.."

purpose=${1:-run}
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

case "$purpose" in run | test | bench-align) ;; *) fail "unknown purpose '$purpose' (say run, test or bench-align)" ;; esac

# --- Debian packages -------------------------------------------------------------------------------------------------

packages=(
  ca-certificates gcc g++ libc6-dev make pkg-config
  # GStreamer 1.22: the decoders and encoders, and the headers go-gst is built against.
  libgstreamer1.0-dev libgstreamer-plugins-base1.0-dev
  gstreamer1.0-plugins-base gstreamer1.0-plugins-good gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav
  # dlib and what it links with: face verification.
  libdlib-dev libblas-dev libatlas-base-dev liblapack-dev libjpeg62-turbo-dev
  redis-server
)
if [ "$purpose" = test ]; then
  packages+=(
    postgresql chromium xvfb fonts-noto-cjk ffmpeg
  )
fi
if [ "$purpose" = bench-align ]; then
  packages+=(
    python3-numpy python3-scipy espeak-ng ffmpeg libopencore-amrnb0
  )
fi
command -v node >/dev/null || packages+=(nodejs)
command -v npm >/dev/null || packages+=(npm)

missing=()
for p in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null || true)" = installed ] || missing+=("$p")
done

# Debian starts a server as soon as its package is installed. Trivue starts its own, on a socket in its data folder, so the
# packages' own services are kept from starting: a stranger's machine must not get a listening Redis from us.
install_packages() {
  local sudo=() policy=/usr/sbin/policy-rc.d made=
  [ "$(id -u)" = 0 ] || { command -v sudo >/dev/null || fail "needs root for apt-get: run as root, or install sudo"; sudo=(sudo); }
  if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee $policy >/dev/null
    "${sudo[@]}" chmod +x $policy
    made=yes
    trap '"${sudo[@]}" rm -f /usr/sbin/policy-rc.d' EXIT
  fi
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
  if [ -n "$made" ]; then
    "${sudo[@]}" rm -f $policy
    trap - EXIT
  fi
}

if [ ${#missing[@]} -gt 0 ]; then
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  install_packages "${missing[@]}"
fi

# --- real servers for the tests ---------------------------------------------------------------------------------------

# build_server MODULE VERSION PROGRAM… builds programs of a module outside of this one: what a server needs is none of the product's
# dependencies.
build_server() {
  local module=$1 version=$2 elsewhere program
  shift 2
  command -v go >/dev/null || fail "needs Go to build $module: install Go and run this again"
  mkdir -p .cache/bin
  elsewhere=$(mktemp -d)
  for program in "$@"; do
    (cd "$elsewhere" && GOBIN="$elsewhere" GOFLAGS=-mod=mod go install -trimpath -ldflags "-s -w" "$module/cmd/$program@$version")
    # Moved when it is whole: an interrupted build must not look like an installed server.
    mv "$elsewhere/$program" ".cache/bin/$program"
  done
  rm -rf "$elsewhere"
}

if [ "$purpose" = test ] && [ ! -x .cache/bin/versitygw ]; then
  say "building versitygw, the S3 server that tests run against (about 2 minutes, once)"
  build_server github.com/versity/versitygw v1.8.0 versitygw
fi
if [ "$purpose" = test ] && { [ ! -x .cache/bin/pebble ] || [ ! -x .cache/bin/pebble-challtestsrv ]; }; then
  say "building pebble, the ACME server that tests run against (once)"
  build_server github.com/letsencrypt/pebble/v2 v2.10.1 pebble pebble-challtestsrv
fi
