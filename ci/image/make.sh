#!/usr/bin/env bash
# Makes the container image of an archive.
#   bash ci/image/make.sh ARCHIVE NAME[:TAG]
# Needs a container engine (docker). A release's program is static; a development build's libraries are copied beside it, and
# that is said. The certificate authorities are those of this machine: real accounts are called over TLS.
set -euo pipefail

usage="usage: ci/image/make.sh ARCHIVE NAME[:TAG]"
archive="$(realpath "${1:?$usage}")"
image="${2:?$usage}"
cd "$(dirname "$0")/../.."

place="$(mktemp -d)"
trap 'rm -rf "$place"' EXIT
name="$(basename "$archive" .tar.gz)"
tar --extract --gzip --file "$archive" --directory "$place"
root="$place/context/root"
mkdir -p "$root/usr/local/bin" "$root/usr/share/doc/kubeproof" "$root/etc/ssl/certs" "$root/tmp" "$place/context/home/kubeproof"
cp "$place/$name/kubeproof" "$root/usr/local/bin/kubeproof"
cp "$place/$name"/LICENSE-* "$root/usr/share/doc/kubeproof/"
# In the working folder, so that `verify` without a path finds them.
cp -R "$place/$name/scenarios" "$place/context/home/kubeproof/scenarios"
authorities=""
for path in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
  if [ -z "$authorities" ] && [ -f "$path" ]; then authorities="$path"; fi
done
if [ -z "$authorities" ]; then
  echo "ci/image/make.sh: no certificate authorities on this machine: install ca-certificates" >&2
  exit 1
fi
cp --dereference "$authorities" "$root/etc/ssl/certs/ca-certificates.crt"
bash ci/libraries.sh "$root/usr/local/bin/kubeproof" "$root"
chmod 1777 "$root/tmp"
said="$("$place/$name/kubeproof" --version)"
docker build --quiet --file ci/image/Containerfile --tag "$image" \
  --label "org.opencontainers.image.version=${said#kubeproof }" \
  --label "org.opencontainers.image.licenses=MIT OR Apache-2.0" \
  --label "org.opencontainers.image.source=https://github.com/kubeproof/kubeproof" \
  "$place/context" >/dev/null
echo "$image"
