#!/usr/bin/env bash
# Puts the cluster into the network of others, and believes that deleting its own groups removes all of it: `az aks create` has
# given the cluster's identity a role at the subnet, and nothing takes it back (seen with az 2.91.0).
set -Eeuo pipefail
# shellcheck source=../az-aks/aks.sh
. "$(dirname "$0")/../az-aks/aks.sh"
subnet() { must network vnet list --query '[0].subnets[0].id'; }
main "$1"
