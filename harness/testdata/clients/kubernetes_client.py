"""What a user of the Python client does with a cluster, from `version` to `delete`, with the kubeconfig at hand.

It knows no simulator: a kubeconfig leads it, as `aws eks update-kubeconfig` writes it.
"""

import time

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException

SPACE = "python"
# The one program that the simulated kubelet interprets.
IMAGE = "registry.k8s.io/e2e-test-images/busybox:1.36.1-1"
PROGRAM = "printf '%s\\n' \"$KUBEPROOF_TEXT\" \"$KUBEPROOF_NONCE\""
FOREGROUND = client.V1DeleteOptions(propagation_policy="Foreground")

config.load_kube_config()
CORE, BATCH = client.CoreV1Api(), client.BatchV1Api()


def job(name):
    container = client.V1Container(name="main", image=IMAGE, command=["/bin/sh", "-c"], args=[PROGRAM],
                                   env=[client.V1EnvVar(name="KUBEPROOF_TEXT", value=f"hello from {name}")])
    pod = client.V1PodSpec(restart_policy="Never", containers=[container])
    template = client.V1PodTemplateSpec(metadata=client.V1ObjectMeta(labels={"from": name}), spec=pod)
    return client.V1Job(metadata=client.V1ObjectMeta(name=name, labels={"kind": "example"}),
                        spec=client.V1JobSpec(template=template, backoff_limit=0))


def refused(status, call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as error:
        assert error.status == status, error
        # The body is a Status, which tells more than the number.
        assert '"kind":"Status"' in error.body.replace('": "', '":"'), error.body
    else:
        raise AssertionError(f"{call.__name__} was not refused with {status}")


def every(call, *arguments, **named):
    """All items, a page of one after another."""
    items, following, pages = [], None, 0
    while True:
        page = call(*arguments, limit=1, _continue=following, **named)
        items += page.items
        pages += 1
        following = page.metadata._continue
        if not following:
            return items, pages


def who_and_what():
    assert client.VersionApi().get_code().major == "1"
    assert client.ApisApi().get_api_versions().groups
    attributes = client.V1ResourceAttributes(verb="create", group="batch", resource="jobs", namespace=SPACE)
    review = client.V1SelfSubjectAccessReview(
        spec=client.V1SelfSubjectAccessReviewSpec(resource_attributes=attributes))
    assert client.AuthorizationV1Api().create_self_subject_access_review(review).status.allowed
    asked = client.AuthenticationV1Api().create_self_subject_review(client.V1SelfSubjectReview())
    assert asked.status.user_info.username, asked


def nodes():
    found, pages = every(CORE.list_node)
    assert len(found) == pages > 0, (len(found), pages)
    for node in found:
        assert any(one.type == "Ready" and one.status == "True" for one in node.status.conditions), node
        assert CORE.read_node(node.metadata.name).metadata.uid == node.metadata.uid


def namespace():
    CORE.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=SPACE)))
    for name in ["one", "two", "three"]:
        settings = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data={"a": name})
        CORE.create_namespaced_config_map(SPACE, settings)
    found, pages = every(CORE.list_namespaced_config_map, SPACE, field_selector="metadata.name!=kube-root-ca.crt")
    assert [one.metadata.name for one in found] == ["one", "three", "two"], found
    assert pages == 3, pages
    one = CORE.patch_namespaced_config_map("one", SPACE, {"data": {"b": "c"}})
    assert one.data == {"a": "one", "b": "c"}, one.data
    CORE.delete_namespaced_config_map("one", SPACE)
    refused(404, CORE.read_namespaced_config_map, "one", SPACE)


def wait(name, version):
    """Watches from before the job was made until it is complete."""
    seen, watching = [], watch.Watch()
    for event in watching.stream(BATCH.list_namespaced_job, SPACE, resource_version=version, timeout_seconds=60,
                                 field_selector=f"metadata.name={name}"):
        seen.append(event["type"])
        if any(one.type == "Complete" for one in event["object"].status.conditions or []):
            watching.stop()
    assert seen[0] == "ADDED" and seen[-1] == "MODIFIED", seen
    assert BATCH.read_namespaced_job(name, SPACE).status.succeeded == 1, seen


def jobs():
    version = BATCH.list_namespaced_job(SPACE).metadata.resource_version
    for name in ["first", "second"]:
        BATCH.create_namespaced_job(SPACE, job(name))
    refused(409, BATCH.create_namespaced_job, SPACE, job("first"))
    refused(422, BATCH.create_namespaced_job, SPACE, job("Not A Name"))
    for name in ["first", "second"]:
        wait(name, version)
        pods = CORE.list_namespaced_pod(SPACE, label_selector=f"job-name={name},from={name}").items
        assert [pod.status.phase for pod in pods] == ["Succeeded"], pods
        log = CORE.read_namespaced_pod_log(pods[0].metadata.name, SPACE)
        assert log.splitlines()[0] == f"hello from {name}", log
        followed = watch.Watch().stream(CORE.read_namespaced_pod_log, pods[0].metadata.name, SPACE)
        assert next(followed) == f"hello from {name}"
    assert len(every(BATCH.list_namespaced_job, SPACE, label_selector="kind=example")[0]) == 2
    assert every(CORE.list_event_for_all_namespaces)[0]
    BATCH.delete_namespaced_job("first", SPACE, body=FOREGROUND)
    BATCH.delete_collection_namespaced_job(SPACE, body=FOREGROUND)
    assert not BATCH.list_namespaced_job(SPACE).items
    assert not CORE.list_namespaced_pod(SPACE).items


def gone():
    CORE.delete_namespace(SPACE)
    for _ in range(100):
        if SPACE not in [one.metadata.name for one in CORE.list_namespace().items]:
            break
        time.sleep(0.1)
    refused(404, CORE.read_namespace, SPACE)


who_and_what()
nodes()
namespace()
jobs()
gone()
print("done")
