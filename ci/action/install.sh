# Installs the program of a release, once its checksum is right. Sourced by run.sh.
# shellcheck shell=bash

# The name that releases give to this machine.
release_target() {
  case "$(uname -s) $(uname -m)" in
  "Linux x86_64") echo x86_64-unknown-linux-musl ;;
  "Linux aarch64" | "Linux arm64") echo aarch64-unknown-linux-musl ;;
  "Darwin x86_64") echo x86_64-apple-darwin ;;
  "Darwin arm64") echo aarch64-apple-darwin ;;
  *)
    echo "::error::kubeproof has no release for $(uname -s) $(uname -m); build it and name it with the input 'program'" >&2
    return 1
    ;;
  esac
}

# The version to install: the input's, that of the action's tag, or the latest.
release_version() {
  local version="${INPUT_VERSION:-}" latest
  if [ -z "$version" ] && [[ "${ACTION_REF:-}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+ ]]; then version="$ACTION_REF"; fi
  if [ -z "$version" ]; then
    latest="$(api GET "/repos/$ACTION_REPOSITORY/releases/latest")" || {
      echo "::error::no latest release of $ACTION_REPOSITORY: name one with the input 'version'" >&2
      return 1
    }
    version="$(jq -r .tag_name <<<"$latest")"
  fi
  version="${version#v}"
  if ! [[ "$version" =~ ^[0-9]+\.[0-9]+\.[0-9]+([-+.][0-9A-Za-z.-]+)?$ ]]; then
    echo "::error::version $version is not like 0.1.0" >&2
    return 1
  fi
  echo "$version"
}

# install_release FOLDER: the program is FOLDER/kubeproof afterwards.
install_release() {
  local folder="$1" version target name url expected found
  version="$(release_version)"
  target="$(release_target)"
  name="kubeproof-$version-$target"
  url="$GITHUB_SERVER_URL/$ACTION_REPOSITORY/releases/download/v$version/$name.tar.gz"
  download "$url" "$folder/$name.tar.gz"
  expected="${INPUT_SHA256:-}"
  if [ -z "$expected" ]; then
    download "$url.sha256" "$folder/$name.sha256"
    expected="$(cut -d ' ' -f 1 <"$folder/$name.sha256")"
  fi
  found="$({ sha256sum "$folder/$name.tar.gz" 2>/dev/null || shasum -a 256 "$folder/$name.tar.gz"; } | cut -d ' ' -f 1)"
  if [ "$found" != "$expected" ]; then
    echo "::error::$name.tar.gz has the SHA-256 $found, and must have $expected; nothing was run" >&2
    return 1
  fi
  tar --extract --gzip --file "$folder/$name.tar.gz" --directory "$folder"
  mv "$folder/$name/kubeproof" "$folder/kubeproof"
}

# download URL FILE: tried three times, within five minutes.
download() {
  curl --fail --silent --show-error --location --retry 2 --connect-timeout 20 --max-time 300 --output "$2" "$1" || {
    echo "::error::$1 cannot be downloaded" >&2
    return 1
  }
}
