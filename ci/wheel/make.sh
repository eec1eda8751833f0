#!/usr/bin/env bash
# Makes a Python wheel that carries the program of an archive, byte for byte, so that `pip install` and `uvx` bring it.
#   bash ci/wheel/make.sh ARCHIVE OUT
# maturin would compile the program once more; the package `wheel` packs a folder and writes its RECORD. Needs python3; installs
# `wheel` and `packaging` into an environment of its own.
set -euo pipefail

usage="usage: ci/wheel/make.sh ARCHIVE OUT"
archive="$(realpath "${1:?$usage}")"
mkdir -p "${2:?$usage}"
out="$(realpath "$2")"
cd "$(dirname "$0")/../.."
. ci/clients.sh
tools="$HOME/.cache/kubeproof/wheel"
clients_environment "$tools" wheel==0.48.0 packaging==26.4

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
name="$(basename "$archive" .tar.gz)"
tar --extract --gzip --file "$archive" --directory "$place"
program="$place/$name/kubeproof"
said="$("$program" --version)"
# As Python writes versions: 0.1.0-rc.1 is 0.1.0rc1.
version="$("$tools/bin/python" -c 'import sys; from packaging.version import Version; print(Version(sys.argv[1]))' "${said#kubeproof }")"

# Which machines can run it, as pip names them. A static program of musl runs under every C library; a program that is linked
# with glibc needs the newest version that it names.
case "$name" in
*-x86_64-unknown-linux-*) machine=x86_64 ;;
*-aarch64-unknown-linux-*) machine=aarch64 ;;
*-x86_64-apple-darwin) tag=py3-none-macosx_10_12_x86_64 ;;
*-aarch64-apple-darwin) tag=py3-none-macosx_11_0_arm64 ;;
*)
  echo "ci/wheel/make.sh: $name is for no machine that pip has a name for here (Linux or macOS, x86_64 or aarch64)" >&2
  exit 2
  ;;
esac
if [ -z "${tag:-}" ]; then
  glibc="$(readelf --version-info "$program" | grep -oE 'GLIBC_2\.[0-9]+' | sort -Vu | tail -1 || true)"
  case "$glibc" in
  "") tag="py3-none-manylinux_2_17_$machine.musllinux_1_1_$machine" ;;
  *) tag="py3-none-manylinux_2_${glibc#GLIBC_2.}_$machine" ;;
  esac
fi

folder="$place/wheel"
info="$folder/kubeproof-$version.dist-info"
mkdir -p "$folder/kubeproof-$version.data/scripts" "$info/licenses"
cp "$program" "$folder/kubeproof-$version.data/scripts/kubeproof"
cp "$place/$name/LICENSE-MIT" "$place/$name/LICENSE-APACHE" "$info/licenses/"
{
  printf 'Wheel-Version: 1.0\nGenerator: kubeproof ci\nRoot-Is-Purelib: false\n'
  # One line for each of the tags that the name joins.
  IFS=. read -ra platforms <<<"${tag#py3-none-}"
  printf 'Tag: py3-none-%s\n' "${platforms[@]}"
} >"$info/WHEEL"
sed "s/^Version: .*/Version: $version/" ci/wheel/METADATA >"$info/METADATA"
SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" \
  "$tools/bin/python" -m wheel pack --dest-dir "$out" "$folder" >"$place/packed.txt"
echo "$out/kubeproof-$version-$tag.whl"
[ -f "$out/kubeproof-$version-$tag.whl" ] || {
  cat "$place/packed.txt" >&2
  echo "ci/wheel/make.sh: the wheel has another name" >&2
  exit 1
}
