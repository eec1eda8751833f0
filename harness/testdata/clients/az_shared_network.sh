# Makes an AKS cluster in the network of others by az, and removes all that it made, as it believes: `aks create` gives the
# cluster's identity a role at the subnet, and neither `aks delete` nor `group delete` takes it back. The argument is the
# program az.
set -Eeuo pipefail
trap 'echo "$0: line $LINENO failed" >&2' ERR
az=$1
group=demo

q() { "$az" "$@" --only-show-errors --output tsv 2>> messages || { echo "az $* failed:" >&2; tail -20 messages >&2; exit 1; }; }
quiet() { q "$@" > /dev/null; }

quiet cloud register --name served --endpoint-resource-manager "https://${ARM_METADATA_HOSTNAME:?}"
quiet cloud set --name served
quiet login --service-principal --username "${AZURE_CLIENT_ID:?}" --password "${AZURE_CLIENT_SECRET:?}" \
  --tenant "${AZURE_TENANT_ID:?}"
subnet=$(q network vnet list --query '[0].subnets[0].id')
quiet group create --name $group --location eastus
quiet identity create --resource-group $group --name demo
identity=$(q identity show --resource-group $group --name demo --query id)
quiet aks create --resource-group $group --name demo --node-count 1 --node-vm-size Standard_D2s_v3 --no-ssh-key \
  --vnet-subnet-id "$subnet" --assign-identity "$identity" --network-plugin azure --network-plugin-mode overlay \
  --service-cidr 10.200.0.0/16 --dns-service-ip 10.200.0.10 --yes
quiet aks delete --resource-group $group --name demo --yes
quiet group delete --name $group --yes
