#!/usr/bin/env bash
# Gathers the real clients that judge the simulators, or fails: none is skipped in CI. Sourced by `.ci/run`.
# The AWS CLI and boto3 come by pip into an environment of their own; terraform with a mirror of its AWS
# provider and several versions of kubectl must be on the machine.

clients_python="$HOME/.cache/kubeproof/clients"

# clients_ready FOLDER: sets KUBEPROOF_CLIENTS; FOLDER takes terraform's configuration.
clients_ready() {
  local folder="$1" kubectls="" kubectl="" count=0 mirror=""
  if ! "$clients_python/bin/python" -c 'import boto3, awscli, kubernetes' >/dev/null 2>&1; then
    python3 -m venv "$clients_python"
    "$clients_python/bin/pip" install --quiet --disable-pip-version-check awscli boto3 kubernetes
  fi
  export PATH="$clients_python/bin:$PATH"

  # The versions lie beside the kubectl of the search path, or are on it by the names kubectl.1.NN.
  local beside
  beside="$(dirname "$(readlink -f "$(command -v kubectl || echo /nowhere/kubectl)")")"
  for kubectl in "$beside"/kubectl.1.*; do
    [ -x "$kubectl" ] || continue
    kubectls="$kubectls,kubectl=$kubectl"
    count=$((count + 1))
  done
  if [ "$count" -lt 3 ]; then
    echo "only $count versions of kubectl are here: at least three are needed, as kubectl.1.NN beside kubectl" >&2
    return 1
  fi

  if ! command -v terraform >/dev/null 2>&1; then
    echo "terraform is not here: install it, with a mirror of its AWS provider" >&2
    return 1
  fi
  mirror="${KUBEPROOF_TERRAFORM_MIRROR:-}"
  if [ -z "$mirror" ]; then
    mirror="$(find /opt /usr/share /usr/local "$HOME" -maxdepth 4 -type d -path '*/registry.terraform.io' 2>/dev/null | head -1)"
    mirror="${mirror%/registry.terraform.io}"
  fi
  if [ ! -d "$mirror/registry.terraform.io/hashicorp/aws" ]; then
    echo "no mirror of terraform's AWS provider is here: set KUBEPROOF_TERRAFORM_MIRROR to it" >&2
    return 1
  fi
  printf 'provider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' "$mirror" >"$folder/terraform.rc"
  export TF_CLI_CONFIG_FILE="$folder/terraform.rc"

  export KUBEPROOF_CLIENTS="aws,boto3=$clients_python/bin/python,terraform$kubectls"
}
