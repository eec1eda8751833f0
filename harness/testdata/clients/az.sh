# Makes an AKS cluster in a network of its own by az, as its guides do, uses it, and removes everything that az can name. It
# knows no simulator: any cloud that says what it is at ARM_METADATA_HOSTNAME will do. The argument is the program az.
#
# `aks create` gives the cluster's identity a role at the subnet, and `aks delete` does not take it back: here it goes with the
# network (see az_shared_network.sh).
set -Eeuo pipefail
trap 'echo "$0: line $LINENO failed" >&2' ERR
az=$1
group=demo

# Its messages are shown when something fails.
q() { "$az" "$@" --only-show-errors --output tsv 2>> messages || { echo "az $* failed:" >&2; tail -20 messages >&2; exit 1; }; }
quiet() { q "$@" > /dev/null; }

quiet cloud register --name served --endpoint-resource-manager "https://${ARM_METADATA_HOSTNAME:?}"
quiet cloud set --name served
quiet login --service-principal --username "${AZURE_CLIENT_ID:?}" --password "${AZURE_CLIENT_SECRET:?}" \
  --tenant "${AZURE_TENANT_ID:?}"
[ "$(q account show --query id)" = "${AZURE_SUBSCRIPTION_ID:?}" ]
# What a program gets that uses this log-in: a token, and when it ends, in seconds since 1970.
read -r token ends <<< "$(q account get-access-token --scope "https://$ARM_METADATA_HOSTNAME/.default" \
  --query '[accessToken, expires_on]' | tr '\n' ' ')"
[ -n "$token" ] && [ "$ends" -gt "$(date +%s)" ]
[ "$(q provider show --namespace Microsoft.ContainerService --query registrationState)" = Registered ]

scope=$(q group create --name $group --location eastus --tags owner=demo --query id)
subnet=$(q network vnet create --resource-group $group --name demo --address-prefix 10.1.0.0/16 --subnet-name nodes \
  --subnet-prefixes 10.1.0.0/20 --query newVNet.subnets[0].id)
quiet identity create --resource-group $group --name demo
read -r identity principal <<< "$(q identity show --resource-group $group --name demo --query '[id, principalId]' | tr '\n' ' ')"
quiet role assignment create --assignee-object-id "$principal" --assignee-principal-type ServicePrincipal --role Reader \
  --scope "$scope"
[ "$(q role assignment list --scope "$scope" --query "[?principalId=='$principal'] | length(@)")" = 1 ]

quiet aks create --resource-group $group --name demo --node-count 1 --node-vm-size Standard_D2s_v3 --no-ssh-key \
  --vnet-subnet-id "$subnet" --assign-identity "$identity" --network-plugin azure --service-cidr 10.200.0.0/16 \
  --dns-service-ip 10.200.0.10 --tags owner=demo --yes
quiet aks nodepool add --resource-group $group --cluster-name demo --name more --node-count 1 \
  --node-vm-size Standard_D2s_v3 --vnet-subnet-id "$subnet"
quiet aks nodepool scale --resource-group $group --cluster-name demo --name more --node-count 2
[ "$(q aks show --resource-group $group --name demo --query provisioningState)" = Succeeded ]
[ "$(q aks nodepool list --resource-group $group --cluster-name demo --query 'length(@)')" = 2 ]
quiet aks get-credentials --resource-group $group --name demo --file "${KUBECONFIG:?}" --overwrite-existing
[ "$(kubectl get nodes --no-headers | grep -c ' Ready ')" = 3 ]
[ "$(kubectl auth can-i create jobs)" = yes ]
nodes=$(q aks show --resource-group $group --name demo --query nodeResourceGroup)
[ "$(q resource list --resource-group "$nodes" --query "[?type=='Microsoft.Compute/virtualMachineScaleSets'] | length(@)")" = 2 ]

read -r application client <<< "$(q ad app create --display-name demo --query '[id, appId]' | tr '\n' ' ')"
quiet ad sp create --id "$client"
[ "$(q ad sp list --filter "appId eq '$client'" --query 'length(@)')" = 1 ]
quiet ad app delete --id "$application"
# It is still among the deleted items of the directory, for which az has no command of its own.
graph=$(q cloud show --query endpoints.microsoftGraphResourceId)
for kind in servicePrincipal application; do
  deleted=$(q rest --method get --url "$graph/v1.0/directory/deletedItems/microsoft.graph.$kind" --resource "$graph" \
    --query 'value[].id')
  quiet rest --method delete --url "$graph/v1.0/directory/deletedItems/$deleted" --resource "$graph"
done

quiet aks nodepool delete --resource-group $group --cluster-name demo --name more
quiet aks delete --resource-group $group --name demo --yes
[ "$(q group exists --name "$nodes")" = false ]
quiet group delete --name $group --yes
