#!/usr/bin/env bash
# A GKE cluster with gcloud: `up` creates it or finishes creating it, `down` removes all of it.
#
# It keeps no state: names are unique in a project, and marks tell whose they are. kubectl gets its token from gcloud's
# plug-in. Nothing in it knows of a simulator.
set -Eeuo pipefail
region=us-central1
zone=us-central1-a
name=${KUBEPROOF_NAME:?}
: "${CLOUDSDK_CORE_PROJECT:?}" "${KUBEPROOF_OUTPUT:?}"
export KUBECONFIG=${KUBEPROOF_DIR:?}/kubeconfig
# Labels take lower-case letters, digits, dashes and underscores; networks have none, but a description.
label() { printf '%s' "$1" | tr '[:upper:]' '[:lower:]' | tr -c 'a-z0-9_-' -; }
run=$(label "${KUBEPROOF_TAG_RUN:?}")
labels=kubeproof-run=$run,kubeproof-owner=$(label "${KUBEPROOF_TAG_OWNER:?}")
labels=$labels,kubeproof-expires=$(label "${KUBEPROOF_TAG_EXPIRES:?}")
marks=${labels//,/ }
log=$KUBEPROOF_DIR/gcloud.log

q() { gcloud --quiet "$@" 2>> "$log"; }
fail() { echo "$1" >&2; tail -5 "$log" >&2; exit 1; }
# Again for a while: what is new or busy passes.
again() {
  for _ in 1 2 3 4 5 6 7 8; do
    if q "$@" > /dev/null; then return; fi
    sleep 0.5
  done
  fail "gcloud $* failed"
}
# What is there is asked of lists: `describe` fails alike for what is not there and for what it cannot tell.
list() {
  for _ in 1 2 3 4; do
    if q "$@"; then return; fi
    sleep 0.5
  done
  fail "gcloud $* failed"
}
# With `=` gcloud finds words, and `kp-r1` is one of `kp-r1-2`: only `~` can ask for the whole.
whole() { printf '%s~^%s$' "$1" "$2"; }
named() { list "$@" --filter="$(whole name "$name")"; }
cluster() { named container clusters list --zone=$zone --format="value($1)"; }

# ensure KIND OPTION…: makes something under the run's name, or takes over what is there with its marks. A creation whose
# answer was lost has worked, or is made again.
ensure() {
  local kind there
  read -ra kind <<< "$1"
  shift
  for _ in 1 2 3 4; do
    there=$(named "${kind[@]}" list --format='value(description)')
    if [ "$there" = "$marks" ]; then return; fi
    if [ -n "$there" ]; then fail "${kind[*]} $name is somebody else's"; fi
    q "${kind[@]}" create "$name" --description="$marks" "$@" > /dev/null || sleep 0.5
  done
  fail "${kind[*]} $name was not made"
}

# Waits while something is being done to the cluster.
settled() {
  for _ in $(seq 240); do
    case $(cluster status) in PROVISIONING | RECONCILING | STOPPING) sleep 0.5 ;; *) return ;; esac
  done
  fail "cluster $name is busy for too long"
}

up() {
  again services enable container.googleapis.com compute.googleapis.com iam.googleapis.com \
    cloudresourcemanager.googleapis.com
  ensure 'compute networks' --subnet-mode=custom
  ensure 'compute networks subnets' --network="$name" --region=$region --range=10.0.0.0/20 \
    --secondary-range=pods=10.4.0.0/14,services=10.8.0.0/20 --enable-private-ip-google-access
  settled
  if [ "$(cluster status)" = ERROR ]; then again container clusters delete "$name" --zone=$zone; fi
  if [ -z "$(cluster status)" ]; then
    # Without an answer it may be there all the same: that is looked at next.
    q container clusters create "$name" --zone=$zone --network="$name" --subnetwork="$name" --enable-ip-alias \
      --cluster-secondary-range-name=pods --services-secondary-range-name=services --num-nodes=2 \
      --machine-type=e2-standard-2 --labels="$labels" > /dev/null || sleep 0.5
  fi
  settled
  [ "$(cluster status)" = RUNNING ] || fail "cluster $name was not made"
  [ "$(cluster resourceLabels.kubeproof-run)" = "$run" ] || fail "cluster $name is somebody else's"
  again container clusters get-credentials "$name" --zone=$zone
  kubectl wait --for=condition=Ready nodes --all --timeout=120s > /dev/null
  printf '{"made": {"cluster": "%s", "network": "%s"}, "kubeconfig": "kubeconfig"}\n' "$name" "$name" > "$KUBEPROOF_OUTPUT"
}

# Removes what the workload made, while there is somebody who knows all of it.
drain() {
  local space one kind
  local place='{.metadata.namespace} {.metadata.name}{"\n"}'
  # Pods keep the claims that they use.
  for kind in 'services {range .items[?(@.spec.type=="LoadBalancer")]}' 'persistentvolumeclaims {range .items[*]}' \
    'pods {range .items[?(@.spec.volumes[*].persistentVolumeClaim)]}'; do
    kubectl get "${kind%% *}" --all-namespaces -o jsonpath="${kind#* }$place{end}" | while read -r space one; do
      kubectl delete "${kind%% *}" --namespace="$space" "$one" --wait=false > /dev/null
    done
  done
  for _ in $(seq 240); do
    if [ -z "$(kubectl get persistentvolumes,persistentvolumeclaims --all-namespaces -o name)" ]; then return; fi
    sleep 0.5
  done
  fail "the cluster's volumes are still there"
}

# What the cluster's controllers made and the cluster's removal left: parts of load balancers are known by their firewall
# rule in the run's network, disks by their label.
leftovers() {
  local rule
  list compute firewall-rules list --filter="network~/$name\$" --format='value(name)' | while read -r rule; do
    case $rule in
      k8s-fw-*)
        gone "compute forwarding-rules" "${rule#k8s-fw-}" --region=$region
        gone "compute target-pools" "${rule#k8s-fw-}" --region=$region ;;
      *-http-hc) gone 'compute http-health-checks' "${rule%-http-hc}" ;;
    esac
    gone 'compute firewall-rules' "$rule"
  done
  list compute disks list --filter="$(whole labels.goog-k8s-cluster-name "$name")" --format='value(name)' | while read -r disk; do
    gone "compute disks" "$disk" --zone=$zone
  done
}

# gone KIND NAME [PLACE]: removes it if it is there.
gone() {
  local kind
  read -ra kind <<< "$1"
  if [ -z "$(list "${kind[@]}" list --filter="$(whole name "$2")" --format='value(name)')" ]; then return; fi
  again "${kind[@]}" delete "${@:2}"
}

down() {
  settled
  if [ -n "$(cluster status)" ]; then
    [ "$(cluster resourceLabels.kubeproof-run)" = "$run" ] || fail "cluster $name is somebody else's"
    if [ "$(cluster status)" = RUNNING ]; then
      again container clusters get-credentials "$name" --zone=$zone
      drain
    fi
    again container clusters delete "$name" --zone=$zone
  fi
  leftovers
  if [ "$(named compute networks subnets list --format='value(description)')" = "$marks" ]; then
    again compute networks subnets delete "$name" --region=$region
  fi
  if [ "$(named compute networks list --format='value(description)')" = "$marks" ]; then
    again compute networks delete "$name"
  fi
}

"$1"
