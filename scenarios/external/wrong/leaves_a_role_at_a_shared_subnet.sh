#!/usr/bin/env bash
# Puts the cluster into the network of others, gives its identity the role that it needs there, and believes that deleting its
# own groups removes all of it. `az aks create` gives such a role by itself, and `az aks delete` does not take it back (seen
# with az 2.91.0); it looks only whether anybody has the role, so that a second cluster in the subnet gets none.
set -Eeuo pipefail
# shellcheck source=../az-aks/aks.sh
. "$(dirname "$0")/../az-aks/aks.sh"
subnet() { must network vnet list --query '[0].subnets[0].id'; }
az() {
  if [ "$1 $2" = "aks create" ]; then
    command az role assignment create --role "Network Contributor" --scope "$(subnet)" \
      --assignee-object-id "$(q identity show --resource-group "$name" --name "$name" --query principalId)" \
      --assignee-principal-type ServicePrincipal --only-show-errors > /dev/null
  fi
  command az "$@"
}
main "$1"
