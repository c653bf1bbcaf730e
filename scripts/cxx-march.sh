#!/usr/bin/env bash
# The C++ compiler for a program that is to run on other machines than the one that it is built on: CXX=scripts/cxx-march.sh.
#
# go-face asks for -march=native in its source, behind whatever CGO_CXXFLAGS says, and the last one counts: a program that was built
# on a new processor would end with SIGILL on an older one. This replaces it by MARCH (x86-64-v2 by default: processors from about
# 2009 on; x86-64-v3 from about 2015 on is faster).
set -euo pipefail
arguments=()
for argument in "$@"; do
  [ "$argument" = -march=native ] && argument=-march=${MARCH:-x86-64-v2}
  arguments+=("$argument")
done
exec g++ "${arguments[@]}"
