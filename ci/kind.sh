#!/usr/bin/env bash
# Sets up the tier kind, or fails: a running engine, the program kind, and a node image.
# Sourced by `.ci/run`. Existing settings are used as they are; if no engine is running, the recipe beside the
# checkout (KUBEPROOF_KIND_RECIPE) starts one and builds a node image from packages. Its cache is outside.

kind_version=v0.30.0
kind_cache="${KIND_CACHE:-$HOME/.cache/kind-node}"
kind_recipe="${KUBEPROOF_KIND_RECIPE:-$PWD/../shared/kind}"
kind_engine_is_ours=""
kind_before=""

kind_ready() {
  kind_engine
  kind_before="$(kind_ours)"
  [ -z "$kind_before" ] || echo "in the engine before this run, and left alone: ${kind_before//$'\n'/ }" >&2
}

# Starts an engine if none is running, and sees to the program and an image.
kind_engine() {
  if docker version >/dev/null 2>&1; then
    if [ -z "${KUBEPROOF_KIND:-}" ] && ! command -v kind >/dev/null 2>&1; then
      GOBIN="$kind_cache/bin" go install "sigs.k8s.io/kind@$kind_version"
      export KUBEPROOF_KIND="$kind_cache/bin/kind"
    fi
    # An existing engine, with an image that is set or that kind can pull itself.
    if [ -n "${KUBEPROOF_KIND_IMAGE:-}" ] || [ ! -d "$kind_recipe" ]; then
      return 0
    fi
  fi
  if [ ! -d "$kind_recipe" ]; then
    echo "no container engine is running, and $kind_recipe has no recipe to start one:" >&2
    echo "start Docker, or set KUBEPROOF_KIND_RECIPE; the tier kind is not skipped in CI" >&2
    return 1
  fi
  export KIND_CACHE="$kind_cache"
  docker version >/dev/null 2>&1 || kind_engine_is_ours=yes
  bash "$kind_recipe/install.sh"
  bash "$kind_recipe/build-binaries.sh"
  bash "$kind_recipe/build-image.sh"
  # The image that the recipe builds, and a small one for jobs: no registry is used.
  export KUBEPROOF_KIND="$kind_cache/bin/kind"
  # shellcheck disable=SC1091 # beside the checkout, where there is one
  KUBEPROOF_KIND_IMAGE="$(. "$kind_recipe/versions.sh" && echo "$KIND_IMAGE")"
  export KUBEPROOF_KIND_IMAGE
  export KUBEPROOF_KIND_LOAD="$kind_cache/box.tar"
  export KUBEPROOF_JOB_IMAGE=localhost/box:1
}

# A cluster of its own for what uses a cluster and makes none (KUBEPROOF_KUBECONFIG), unless one is named. The folder
# holds its kubeconfig.
kind_cluster_made=""
kind_cluster() {
  [ -z "${KUBEPROOF_KUBECONFIG:-}" ] || return 0
  local kind="${KUBEPROOF_KIND:-kind}" name="beside-kubeproof-$$"
  export KUBEPROOF_KUBECONFIG="$1/cluster.kubeconfig"
  kind_cluster_made="$name"
  "$kind" create cluster --name "$name" --kubeconfig "$KUBEPROOF_KUBECONFIG" --wait 3m \
    ${KUBEPROOF_KIND_IMAGE:+--image "$KUBEPROOF_KIND_IMAGE"}
  [ -z "${KUBEPROOF_KIND_LOAD:-}" ] || "$kind" load image-archive "$KUBEPROOF_KIND_LOAD" --name "$name"
}

# Removes that cluster, and stops the engine only if it was started here.
kind_done() {
  [ -z "$kind_cluster_made" ] || "${KUBEPROOF_KIND:-kind}" delete cluster --name "$kind_cluster_made"
  [ -z "$kind_engine_is_ours" ] || bash "$kind_recipe/stop.sh"
}

# The containers and networks of ours in the engine, sorted.
kind_ours() {
  {
    docker ps -a --format '{{.Names}}'
    docker network ls --format '{{.Name}}'
  } | { grep '^kp-' || true; } | sort
}

# Fails if this run left anything of ours in the engine. What a killed run left before it is named, and not its fault.
kind_left() {
  local left
  left="$(comm -13 <(printf '%s\n' "$kind_before") <(kind_ours))"
  if [ -n "$left" ]; then
    echo "left behind in the engine: ${left//$'\n'/ }" >&2
    return 1
  fi
}
