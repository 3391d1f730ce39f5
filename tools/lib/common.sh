# Sourced by the scripts in tools/. Gives them the project's folder and one way to speak.
# It never changes the current folder: arguments such as --out DIR are the caller's.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used by the scripts that source this file
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
tools=$root/tools

# The one version of the clang tools that everything is checked with: another version formats and
# warns differently.
clang_version=19

say() { printf '%s\n' "$*" >&2; }

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Prints the comment block at the top of the calling script, without its shebang line.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

# The folder that holds the build of a variant: gcc (the default), clang, sanitize or debug.
build_directory() {
  case $1 in
    gcc) printf '%s\n' "$root/build" ;;
    *) printf '%s\n' "$root/build-$1" ;;
  esac
}
