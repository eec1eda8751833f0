#!/usr/bin/env bash
# An AKS cluster with az: `up` creates it or finishes creating it, `down` removes all of it.
#
# It keeps no state: everything is in one resource group under the run's name, and tags tell whose it is. Nothing in it knows
# of a simulator; a cloud that is not the public one says what it is at ARM_METADATA_HOSTNAME, as for terraform.
set -Eeuo pipefail
name=${KUBEPROOF_NAME:?}
location=eastus
: "${KUBEPROOF_OUTPUT:?}" "${AZURE_SUBSCRIPTION_ID:?}"
folder=${KUBEPROOF_DIR:?}
run=${KUBEPROOF_TAG_RUN:?}
# Commands of the newer kind take a key with a colon only as JSON, and those of the older kind no JSON.
json=${KUBEPROOF_TAGS:?}
tags=("kubeproof:run=$run" "kubeproof:owner=${KUBEPROOF_TAG_OWNER:?}" "kubeproof:expires=${KUBEPROOF_TAG_EXPIRES:?}")
nodes=MC_${name}_${name}_$location
nodes=${nodes:0:80}
log=$folder/az.log

q() { az "$@" --only-show-errors --output tsv 2>> "$log"; }
fail() { echo "$1" >&2; tail -5 "$log" >&2; exit 1; }
must() { q "$@" || fail "az $* failed"; }
# Again for a while: what is new or busy passes.
again() {
  for _ in 1 2 3 4 5; do
    if q "$@" > /dev/null; then return; fi
    sleep 0.5
  done
  fail "az $* failed"
}

sign_in() {
  if [ -n "${ARM_METADATA_HOSTNAME:-}" ]; then
    # A cloud is known by its address: another one may be served in the same place.
    local cloud=at-${ARM_METADATA_HOSTNAME//[^a-z0-9]/-}
    if ! grep -qs "$cloud" "${AZURE_CONFIG_DIR:-$HOME/.azure}/clouds.config"; then
      q cloud register --name "$cloud" --endpoint-resource-manager "https://$ARM_METADATA_HOSTNAME" > /dev/null || true
      must cloud set --name "$cloud" > /dev/null
    fi
  fi
  again login --service-principal --username "${AZURE_CLIENT_ID:?}" --password "${AZURE_CLIENT_SECRET:?}" \
    --tenant "${AZURE_TENANT_ID:?}"
}

# The groups of the run that are there: its own, and that of the nodes. A list is asked: `show` fails alike for what is not
# there and for what it cannot tell.
own_groups() {
  local one whose
  must group list --query "[?name=='$name' || name=='$nodes'].[name, tags.\"kubeproof:run\" || 'none']" \
    | while IFS=$'\t' read -r one whose; do
      [ "$whose" = "$run" ] || fail "the resource group $one is somebody else's"
      echo "$one"
    done
}
state() { must aks list --query "[?resourceGroup=='$name' && name=='$name'].provisioningState | [0] || 'none'"; }

# The subnet of the nodes.
subnet() {
  again network vnet create --resource-group "$name" --name "$name" --address-prefix 10.1.0.0/16 --subnet-name nodes \
    --subnet-prefixes 10.1.0.0/18 --tags "$json"
  echo "$group/providers/Microsoft.Network/virtualNetworks/$name/subnets/nodes"
}

up() {
  local nodes_subnet group=/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$name
  own_groups > /dev/null
  # Each of these is a PUT, which may be repeated.
  again group create --name "$name" --location $location --tags "${tags[@]}"
  nodes_subnet=$(subnet)
  again identity create --resource-group "$name" --name "$name" --tags "$json"
  # `aks create` is no PUT: of a cluster that exists it says so, and it makes the role at the subnet itself. Whether it is made
  # is looked at next.
  local seen=none
  for _ in 1 2 3 4 5 6; do
    seen=$(state)
    case $seen in
      Succeeded) break ;;
      Failed) again aks delete --resource-group "$name" --name "$name" --yes ;;
      none) ;;
      *) sleep 2; continue ;;
    esac
    q aks create --resource-group "$name" --name "$name" --node-count 2 --node-vm-size Standard_D2s_v3 --no-ssh-key \
      --tier standard --network-plugin azure --network-plugin-mode overlay --tags "${tags[@]}" --yes \
      --vnet-subnet-id "$nodes_subnet" \
      --assign-identity "$group/providers/Microsoft.ManagedIdentity/userAssignedIdentities/$name" > /dev/null || true
  done
  [ "$seen" = Succeeded ] || fail "the cluster $name was not made"
  must aks get-credentials --resource-group "$name" --name "$name" --file "$folder/kubeconfig" --overwrite-existing
  KUBECONFIG=$folder/kubeconfig kubectl wait --for=condition=Ready nodes --all --timeout=120s > /dev/null
  printf '{"made": {"cluster": "%s", "group": "%s"}, "kubeconfig": "kubeconfig"}\n' "$name" "$name" > "$KUBEPROOF_OUTPUT"
}

# The roles at the subnet, and what the workload made in the group of nodes, go with what they are at and in.
down() {
  local there one
  there=$(own_groups)
  if grep -qx "$name" <<< "$there" && [ "$(state)" != none ]; then
    again aks delete --resource-group "$name" --name "$name" --yes
    there=$(own_groups)
  fi
  for one in $there; do again group delete --name "$one" --yes; done
}

main() {
  sign_in
  "$1"
}
if [ "${BASH_SOURCE[0]}" = "$0" ]; then main "$1"; fi
