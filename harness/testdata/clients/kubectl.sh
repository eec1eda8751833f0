# What a user of kubectl does with a cluster, from `version` to `delete`, with the kubectl of the argument.
set -eu
kubectl=$1
space=kubectl
# The one program that the simulated kubelet interprets.
image=registry.k8s.io/e2e-test-images/busybox:1.36.1-1
program='printf '"'"'%s\n'"'"' "$KUBEPROOF_TEXT" "$KUBEPROOF_NONCE"'

$kubectl version > /dev/null
$kubectl get --raw /healthz | grep -qx ok
[ "$($kubectl get nodes --no-headers | grep -c ' Ready ')" = 2 ]
$kubectl get nodes -o json | grep -q '"kind": "Node"'
[ "$($kubectl auth can-i create jobs)" = yes ]

$kubectl create namespace "$space"
$kubectl -n "$space" create serviceaccount worker
$kubectl -n "$space" create configmap settings --from-literal=a=b
[ "$($kubectl -n "$space" get configmap settings -o 'jsonpath={.data.a}')" = b ]

# By a typed command, which kubectl 1.32 and later send as protobuf.
$kubectl -n "$space" create job typed --image="$image" -- /bin/sh -c "$program"
$kubectl -n "$space" wait --for=condition=complete job/typed --timeout=60s

# By a file, twice: the second changes nothing.
job=$(dirname "$0")/job.yaml
$kubectl -n "$space" apply -f "$job" | grep -q created
$kubectl -n "$space" apply -f "$job" | grep -q unchanged
$kubectl -n "$space" wait --for=condition=complete job/applied --timeout=60s
[ "$($kubectl -n "$space" logs job/applied | head -1)" = "hello from a file" ]
[ "$($kubectl -n "$space" logs -f job/applied | head -1)" = "hello from a file" ]
$kubectl -n "$space" describe job applied | grep -q 'Created pod: applied-'

if $kubectl -n "$space" create job typed --image=x 2> /dev/null; then exit 1; fi
$kubectl -n "$space" delete job typed applied
[ -z "$($kubectl -n "$space" get pods -o name)" ]
$kubectl delete namespace "$space"
if $kubectl get namespace "$space" 2> /dev/null; then exit 1; fi
