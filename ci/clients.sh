#!/usr/bin/env bash
# Installs the real clients that test the simulators, or fails: none is skipped in CI. Sourced by `.ci/run`.
# pip installs the AWS CLI, boto3, the Python clients of Google, Azure, Hugging Face, Kubernetes and Lambda Cloud, and az and
# moto (in environments of their own); terraform with a mirror of its AWS provider, several versions of kubectl, and gcloud with its plug-in for
# kubectl must be on the machine: no registry has them.
# Versions are pinned: the tables of providers/README.md and of the simulator's CONFORMANCE.md depend on them.

clients_python="$HOME/.cache/kubeproof/clients"
clients_moto="$HOME/.cache/kubeproof/moto"
clients_az="$HOME/.cache/kubeproof/az"
# Without PySocks httplib2 ignores HTTPS_PROXY, and google-api-python-client calls the real hosts.
clients_packages=(awscli==1.46.3 boto3==1.44.8 botocore==1.44.8 kubernetes==37.0.1
  lambda-ai-cloud-api-client==2.4.1 huggingface_hub==2.4.0
  google-api-python-client==2.202.0 google-cloud-container==2.67.0 google-cloud-compute==1.57.0
  google-cloud-bigquery==3.47.0 httplib2==0.32.1 PySocks==1.7.1
  azure-core==1.41.0 azure-identity==1.27.0
  azure-mgmt-authorization==4.0.0 azure-mgmt-compute==39.0.0 azure-mgmt-containerservice==41.8.0
  azure-mgmt-costmanagement==5.0.0 azure-mgmt-keyvault==14.1.0 azure-mgmt-loganalytics==14.0.0 azure-mgmt-monitor==7.0.0
  azure-mgmt-msi==7.1.0 azure-mgmt-network==33.1.0 azure-mgmt-privatedns==2.0.0 azure-mgmt-quota==3.0.1
  azure-mgmt-resource==26.0.0 azure-mgmt-resource-deployments==2.0.0 azure-mgmt-resource-locks==1.0.0
  azure-mgmt-resource-subscriptions==1.0.0 azure-mgmt-resourcegraph==8.0.1 azure-mgmt-storage==25.3.0)
clients_moto_packages=('moto[server]==5.2.5')
clients_az_packages=(azure-cli==2.91.0)

# clients_environment FOLDER PACKAGE…: a virtual environment with exactly these, recreated when they change.
clients_environment() {
  local folder="$1"
  shift
  if [ "$(cat "$folder/packages" 2>/dev/null)" != "$*" ]; then
    python3 -m venv --clear "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
    echo "$*" >"$folder/packages"
  fi
}

# clients_ready FOLDER: sets KUBEPROOF_CLIENTS; terraform's configuration is written to FOLDER.
clients_ready() {
  local folder="$1" kubectls="" kubectl="" count=0 mirror=""
  clients_environment "$clients_python" "${clients_packages[@]}"
  clients_environment "$clients_moto" "${clients_moto_packages[@]}"
  clients_environment "$clients_az" "${clients_az_packages[@]}"
  # Of the environment of az only az itself is to be found by its name.
  mkdir -p "$clients_az/only"
  ln -sfn ../bin/az "$clients_az/only/az"
  export PATH="$clients_python/bin:$clients_az/only:$PATH"

  local program=""
  for program in gcloud gke-gcloud-auth-plugin; do
    if ! command -v "$program" >/dev/null 2>&1; then
      echo "$program not found: install Google's Cloud SDK with gke-gcloud-auth-plugin" >&2
      return 1
    fi
  done

  # The versions are beside the kubectl of the search path, named kubectl.1.NN.
  local beside
  beside="$(dirname "$(readlink -f "$(command -v kubectl || echo /nowhere/kubectl)")")"
  for kubectl in "$beside"/kubectl.1.*; do
    [ -x "$kubectl" ] || continue
    kubectls="$kubectls,kubectl=$kubectl"
    count=$((count + 1))
  done
  if [ "$count" -lt 3 ]; then
    echo "found only $count versions of kubectl: at least three are needed, as kubectl.1.NN beside kubectl" >&2
    return 1
  fi

  if ! command -v terraform >/dev/null 2>&1; then
    echo "terraform not found: install it, with a mirror of its AWS provider" >&2
    return 1
  fi
  mirror="${KUBEPROOF_TERRAFORM_MIRROR:-}"
  if [ -z "$mirror" ]; then
    mirror="$(find /opt /usr/share /usr/local "$HOME" -maxdepth 4 -type d -path '*/registry.terraform.io' 2>/dev/null | head -1)"
    mirror="${mirror%/registry.terraform.io}"
  fi
  if [ ! -d "$mirror/registry.terraform.io/hashicorp/aws" ]; then
    echo "no mirror of terraform's AWS provider found: set KUBEPROOF_TERRAFORM_MIRROR to it" >&2
    return 1
  fi
  # azurerm takes half an hour of CPU and 7 GB to build: a binary that is kept is used, and none is built here.
  local azurerm="${KUBEPROOF_AZURERM:-$HOME/.cache/kubeproof/azurerm/terraform-provider-azurerm}" more=""
  if [ -x "$azurerm" ]; then
    local place="$folder/azurerm/registry.terraform.io/hashicorp/azurerm/5.2.0/linux_amd64"
    mkdir -p "$place"
    ln -sf "$azurerm" "$place/terraform-provider-azurerm_v5.2.0_x5"
    more="$(printf '  filesystem_mirror {\n    path    = "%s"\n    include = ["hashicorp/azurerm"]\n  }' "$folder/azurerm")"
  else
    echo "terraform's azurerm provider not found at $azurerm: its test and its scenario are left out"
    echo "(providers/azure/simulator/README.md says how to build it; KUBEPROOF_AZURERM names the binary)"
  fi
  printf 'provider_installation {\n  filesystem_mirror {\n    path    = "%s"\n    exclude = ["hashicorp/azurerm"]\n  }\n%s\n}\n' \
    "$mirror" "$more" >"$folder/terraform.rc"
  export TF_CLI_CONFIG_FILE="$folder/terraform.rc"

  local python="$clients_python/bin/python"
  export KUBEPROOF_CLIENTS="aws,boto3=$python,kubernetes=$python,lambda=$python,moto=$clients_moto/bin/moto_server,terraform$kubectls"
  export KUBEPROOF_CLIENTS="$KUBEPROOF_CLIENTS,gcloud,google=$python,az,azure=$python,huggingface=$python"
  if [ -n "$more" ]; then export KUBEPROOF_CLIENTS="$KUBEPROOF_CLIENTS,azurerm=terraform"; fi
}
