#!/usr/bin/env bash
# Deletes the cluster with `--async`, as many clean-up scripts do, and hides that its network was still in use: `|| true`.
set -Eeuo pipefail
right=$(dirname "$0")/../gcloud-gke/gke.sh
if [ "$1" = up ]; then exec bash "$right" up; fi
gcloud --quiet container clusters delete "${KUBEPROOF_NAME:?}" --zone=us-central1-a --async || true
gcloud --quiet compute networks subnets delete "$KUBEPROOF_NAME" --region=us-central1 || true
gcloud --quiet compute networks delete "$KUBEPROOF_NAME" || true
