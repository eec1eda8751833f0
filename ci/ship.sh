#!/usr/bin/env bash
# Makes what users install from a program that is built already, and tests each as they use it: archive, wheel, image, action,
# book. Compiles nothing of ours.
#   bash ci/ship.sh BINARY [PART…]     PART: archive, wheel, image, action, book, lint; all without one
# `.ci/run` calls it with the development binary, stripped: its debug info is a third of it. Installs what is missing.
set -euo pipefail

program="$(realpath "${1:?usage: ci/ship.sh BINARY [PART…]}")"
shift
parts=("${@:-all}")
cd "$(dirname "$0")/.."
place="$(mktemp -d)"
image="localhost/kubeproof-ship:$$"
finish() {
  docker image rm --force "$image" >/dev/null 2>&1 || true
  rm -rf "$place"
}
trap finish EXIT

part() { # name: whether it was asked for; names it if so
  case " ${parts[*]} " in
  *" $1 "* | " all ") ;;
  *) return 1 ;;
  esac
  printf -- '-- %s (at %s s)\n' "$1" "$SECONDS"
}
need() { # program package
  command -v "$1" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq "$2" >/dev/null; }
}
need jq jq
need curl curl
need strip binutils
need shellcheck shellcheck
need python3 python3-venv

version="$("$program" --version)"
version="${version#kubeproof }"
target="$(uname -m)-unknown-linux-gnu"
strip -o "$place/kubeproof" "$program"
archive="$(bash ci/package.sh "$place/kubeproof" "$version" "$target" "$place/out")"

if part archive; then
  bash ci/package_test.sh "$archive"
  # Made again, by another user's mask and at another time, it is the same.
  again="$(umask 077 && bash ci/package.sh "$place/kubeproof" "$version" "$target" "$place/again")"
  cmp "$archive" "$again"
  echo "  made again: the same bytes"
  bash ci/sbom.sh "$target" "$place/out/kubeproof.cdx.json"
fi
if part wheel; then
  bash ci/wheel/make.sh "$archive" "$place/out"
  bash ci/wheel/test.sh "$place"/out/*.whl
fi
if part image; then
  bash ci/image/make.sh "$archive" "$image" 2>"$place/image.txt" || {
    cat "$place/image.txt" >&2
    exit 1
  }
  bash ci/image/test.sh "$image"
fi
if part action; then
  bash ci/action/test.sh "$archive"
fi
if part book; then
  bash ci/docs/check.sh "$place/kubeproof"
fi
if part lint; then
  shellcheck -x .ci/run ci/*.sh ci/*/*.sh
  echo "  shellcheck: nothing"
fi
echo "shipped: ${parts[*]} (after $SECONDS s)"
