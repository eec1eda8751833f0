# Makes a GKE cluster with all around it by gcloud, as its guides do, uses it, and removes everything. It knows no
# simulator. The argument is the program gcloud; kubectl and its plug-in are looked for on PATH.
set -Eeuo pipefail
trap 'echo "$0: line $LINENO failed" >&2' ERR
gcloud=$1
region=us-central1
zone=us-central1-a
project=${CLOUDSDK_CORE_PROJECT:?}
account=demo-nodes@$project.iam.gserviceaccount.com

# Its messages are shown when something fails.
q() { "$gcloud" --quiet "$@" 2>> messages || { echo "gcloud $* failed:" >&2; tail -20 messages >&2; exit 1; }; }
value() { q "$@" --format 'value(name)'; }
# What is made is not known to all at once.
again() {
  for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
    if "$gcloud" --quiet "$@" > /dev/null 2>> messages; then return; fi
    sleep 0.3
  done
  q "$@" > /dev/null
}

q services enable container.googleapis.com compute.googleapis.com
q services list --enabled --format 'value(config.name)' | grep -qx container.googleapis.com
[ "$(q projects describe "$project" --format 'value(lifecycleState)')" = ACTIVE ]
q billing projects describe "$project" --format 'value(billingEnabled)' | grep -qx True

q compute networks create demo --subnet-mode=custom > /dev/null
q compute networks subnets create demo --network=demo --region=$region --range=10.0.0.0/20 \
  --secondary-range=pods=10.4.0.0/14,services=10.8.0.0/20 --enable-private-ip-google-access > /dev/null
q compute routers create demo --network=demo --region=$region > /dev/null
q compute routers nats create demo --router=demo --region=$region \
  --auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges > /dev/null
q compute firewall-rules create demo-ssh --network=demo --allow=tcp:22 > /dev/null
[ "$(value compute networks subnets list --filter=network:demo)" = demo ]

q iam service-accounts create demo-nodes --display-name='nodes of demo' > /dev/null
role=roles/container.defaultNodeServiceAccount
again projects add-iam-policy-binding "$project" --member="serviceAccount:$account" --role=$role --condition=None
q projects get-iam-policy "$project" --flatten='bindings[].members' --format='value(bindings.members)' \
  | grep -qx "serviceAccount:$account"

q container clusters create demo --zone=$zone --network=demo --subnetwork=demo --enable-ip-alias \
  --cluster-secondary-range-name=pods --services-secondary-range-name=services --num-nodes=1 \
  --machine-type=e2-standard-2 --service-account="$account" --labels=owner=demo > /dev/null
q container node-pools create more --cluster=demo --zone=$zone --num-nodes=1 --machine-type=e2-medium \
  --service-account="$account" > /dev/null
q container clusters resize demo --zone=$zone --node-pool=more --num-nodes=2 > /dev/null
# The labels of a cluster are replaced as a whole.
q container clusters update demo --zone=$zone --update-labels=owner=demo,team=demo > /dev/null
[ "$(value container node-pools list --cluster=demo --zone=$zone | sort | tr '\n' ' ')" = "default-pool more " ]

q container clusters get-credentials demo --zone=$zone
[ "$(kubectl get nodes --no-headers | grep -c ' Ready ')" = 3 ]
[ "$(kubectl auth can-i create jobs)" = yes ]

[ "$(value compute instances list --filter=labels.goog-k8s-cluster-name=demo | wc -l)" = 3 ]
[ "$(value compute disks list --filter=labels.goog-k8s-cluster-name=demo | wc -l)" = 3 ]
q asset search-all-resources --scope="projects/$project" --query=labels.owner:demo --format='value(assetType)' \
  | grep -qx container.googleapis.com/Cluster
# Entries show some seconds late.
written() {
  q logging read 'protoPayload.serviceName="container.googleapis.com"' --limit=20 \
    --format='value(protoPayload.methodName)' | grep -q CreateCluster
}
for _ in 1 2 3 4 5 6 7 8 9; do if written; then break; fi; done
written

q container node-pools delete more --cluster=demo --zone=$zone > /dev/null
q container clusters delete demo --zone=$zone > /dev/null
[ -z "$(value container clusters list)" ]
q projects remove-iam-policy-binding "$project" --member="serviceAccount:$account" --role=$role --condition=None \
  > /dev/null
q iam service-accounts delete "$account" > /dev/null
q compute routers nats delete demo --router=demo --region=$region > /dev/null
q compute routers delete demo --region=$region > /dev/null
q compute firewall-rules delete demo-ssh > /dev/null
q compute networks subnets delete demo --region=$region > /dev/null
q compute networks delete demo > /dev/null
