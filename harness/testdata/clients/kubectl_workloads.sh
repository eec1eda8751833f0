#!/bin/sh
# What people do with workloads in a cluster, with kubectl: sh kubectl_workloads.sh PROGRAM. Run by hand, in a cluster of
# `simulate`: at 600 times real pace it depends on the speed of the machine.
set -eu
kubectl() { "$program" "$@"; }
program=$1
image=registry.k8s.io/e2e-test-images/busybox:1.36.1-1
fail() { echo "kubectl_workloads: $*" >&2; exit 1; }
minor=$(kubectl version --client -o json | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p')

kubectl apply -f - <<END
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: c, image: "$image", command: [sleep, "100000"]}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec:
      containers: [{name: c, image: "example.com/agent:1"}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: "*/5 * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: c, image: "$image", command: [echo, tick]}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
END
kubectl create deployment web --image="$image" --replicas=2 -- sleep 100000
kubectl rollout status statefulset/db --timeout=60s
kubectl rollout status daemonset/agent --timeout=60s
kubectl rollout status deployment/web --timeout=60s
kubectl get all
kubectl get pdb,cronjobs,controllerrevisions
kubectl get pods -n kube-system -o wide

# Other pod templates, and back.
kubectl rollout restart deployment/web statefulset/db daemonset/agent
kubectl rollout status deployment/web --timeout=60s
kubectl rollout status statefulset/db --timeout=60s
kubectl rollout status daemonset/agent --timeout=60s
kubectl set image deployment/web "busybox=$image-no-such" 2>/dev/null || kubectl set image deployment/web "*=$image"
kubectl rollout undo deployment/web
kubectl rollout status deployment/web --timeout=60s
kubectl rollout undo statefulset/db
kubectl rollout status statefulset/db --timeout=60s
kubectl rollout history deployment/web

# A budget holds a drain up until it is gone.
node=$(kubectl get pods -l app=web -o jsonpath='{.items[0].spec.nodeName}')
if kubectl drain "$node" --ignore-daemonsets --timeout=3s 2>drain.txt; then fail "the drain of $node was not refused"; fi
grep -q "would violate the pod's disruption budget" drain.txt || fail "$(cat drain.txt)"
kubectl delete pdb web
kubectl drain "$node" --ignore-daemonsets --timeout=60s
kubectl uncordon "$node"

# What the API describes.
kubectl explain pod.spec.containers.image | grep -q string || fail "explain does not know the type of an image"
kubectl explain statefulset.spec.volumeClaimTemplates | grep -q PersistentVolumeClaim || fail "explain"

# Inside of a container, where the client speaks WebSockets.
if [ "$minor" -ge 31 ]; then
  pod=$(kubectl get pods -l app=db -o name | head -1)
  test "$(kubectl exec "$pod" -- echo hello)" = hello || fail "exec"
  if kubectl exec "$pod" -- sh -c "exit 3"; then fail "exec does not tell the exit code"; fi
fi

kubectl create job by-hand --from=cronjob/tick
kubectl wait --for=condition=complete job/by-hand --timeout=60s
kubectl scale statefulset/db --replicas=0
# The job by hand belongs to its cron job, and goes with it.
kubectl delete deployment/web statefulset/db daemonset/agent cronjob/tick
