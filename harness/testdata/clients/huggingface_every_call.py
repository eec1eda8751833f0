"""huggingface_hub, unmodified, calls every operation that the simulator answers; the judge holds each raw reply against its
members. What the client has no method for is called by its own session. The Hub is called by its name, and a little by the
address that clients are given."""

import os
import sys
import tempfile
import time

ADDRESS = os.environ.pop("HF_ENDPOINT")  # Read when the client is imported.

import huggingface_hub as hub
import huggingface_strict as strict
from huggingface_hub.errors import (BadRequestError, HfHubHTTPError, InferenceEndpointError, JobNotFoundError,
                                    RepositoryNotFoundError, RevisionNotFoundError)
from huggingface_hub.utils import get_session

strict.watch()
API = hub.HfApi()
ME = hub.whoami()["name"]
ENDPOINTS = "https://api.endpoints.huggingface.cloud/v2"
CPU = {"framework": "pytorch", "accelerator": "cpu", "vendor": "aws", "region": "us-east-1", "instance_type": "intel-spr",
       "instance_size": "x1", "type": "authenticated"}


def raw(method, url, **more):
    reply = get_session().request(method, url, headers=API._build_hf_headers(), **more)
    assert reply.status_code < 300, (method, url, reply.status_code, reply.text)
    return reply


def refused(status, call, *words, of=HfHubHTTPError, **named):
    try:
        call(*words, **named)
    except of as error:
        assert error.response.status_code == status, (error, status)
        return str(error)
    raise AssertionError(f"{call} was not refused")


def endpoints():
    hardware = hub.list_inference_endpoints_hardware()
    assert any(one.id == "aws-us-east-1-nvidia-l4-x1" and one.price_per_hour == 0.8 for one in hardware)
    raw("GET", f"{ENDPOINTS}/provider")
    one = hub.create_inference_endpoint("e", repository="gpt2", min_replica=1, max_replica=1, tags=["kubeproof-run=r1"],
                                        env={"A": "b"}, secrets={"KEY": "open-sesame"}, **CPU)
    assert one.status == "pending" and one.url is None
    refused(409, hub.create_inference_endpoint, "e", repository="gpt2", **CPU)
    refused(400, hub.create_inference_endpoint, "Upper", repository="gpt2", of=BadRequestError, **CPU)
    one.wait(timeout=60, refresh_every=1)
    said = one.client.text_generation("nonce-10")
    assert said.startswith("gpt2@") and said.endswith("nonce-10"), said
    raw("GET", f"{ENDPOINTS}/endpoint/{ME}/e/logs?tail=5")
    raw("GET", f"{ENDPOINTS}/endpoint/{ME}/e/replica")
    assert "e" in [each.name for each in hub.list_inference_endpoints()]

    one.update(min_replica=1, max_replica=2)
    one.wait(timeout=60, refresh_every=1)
    assert one.raw["compute"]["scaling"]["maxReplica"] == 2
    one.update(revision="no-such")
    time.sleep(2)
    try:
        one.fetch().wait(timeout=60, refresh_every=1)
        raise AssertionError("a failed update was not seen")
    except InferenceEndpointError:
        assert one.status == "updateFailed"
    one.update(revision="v2")
    time.sleep(2)
    one.fetch().wait(timeout=60, refresh_every=1)
    assert one.client.text_generation("x") != said

    one.pause()
    assert one.status == "paused" and one.url
    text = refused(400, one.client.text_generation, "x")
    assert "paused" in text, text
    one.resume().wait(timeout=60, refresh_every=1)
    one.resume(running_ok=True)
    refused(400, one.resume, running_ok=False)
    one.scale_to_zero()
    assert one.status == "scaledToZero"
    refused(503, one.client.text_generation, "x")
    time.sleep(2)
    one.fetch().wait(timeout=60, refresh_every=1)
    one.delete()
    refused(404, hub.get_inference_endpoint, "e")
    refused(404, hub.delete_inference_endpoint, "e")


def chat():
    image = {"tgi": {"url": "ghcr.io/huggingface/text-generation-inference:3", "nonsense": 1}}
    one = hub.create_inference_endpoint("chat", repository="Qwen/Qwen2.5-7B-Instruct", custom_image=image, **{
        **CPU, "accelerator": "gpu", "instance_type": "nvidia-l4"})
    assert "nonsense" not in str(one.raw), one.raw
    one.wait(timeout=120, refresh_every=1)
    answer = one.client.chat_completion([{"role": "user", "content": "nonce-12"}])
    assert answer.choices[0].message.content.endswith("nonce-12") and answer.model == "Qwen/Qwen2.5-7B-Instruct"
    one.delete()
    one = hub.create_inference_endpoint("labels", repository="ProsusAI/finbert", task="text-classification", **CPU)
    one.wait(timeout=60, refresh_every=1)
    assert len(one.client.text_classification("good news")) == 2
    one.delete()
    one = hub.create_inference_endpoint("vectors", repository="BAAI/bge-small-en-v1.5", **CPU)
    one.wait(timeout=60, refresh_every=1)
    # The client's own method needs numpy.
    assert len(raw("POST", one.url, json={"inputs": "a"}).json()[0]) == 8
    one.delete()


def jobs():
    assert hub.list_jobs_hardware()[0].unit_cost_micro_usd == 167
    job = hub.run_job(image="python:3.12", command=["sh", "-c", "echo nonce-13; sleep 30; echo $A"], env={"A": "last"},
                      secrets={"S": "open-sesame"}, labels={"kubeproof-run": "r1"}, timeout="5m", attempts=2)
    said = list(hub.fetch_job_logs(job_id=job.id, follow=True))
    assert said == ["nonce-13", "last"], said
    done = hub.wait_for_job(job.id, timeout=60)
    assert done.status.stage == "COMPLETED" and done.durations.running_secs == 34, done
    assert list(hub.fetch_job_logs(job_id=job.id, tail=1)) == ["last"]
    hub.update_job_labels(job_id=job.id, labels={"a": "b"})
    again = API.rerun_job(job_id=job.id)
    hub.cancel_job(job_id=again.id)
    assert hub.inspect_job(job_id=again.id).status.stage == "CANCELED"
    assert again.id in [one.id for one in hub.list_jobs(status="CANCELED", labels={"a": "b"})]
    refused(404, hub.inspect_job, job_id="0" * 24, of=JobNotFoundError)
    refused(400, hub.run_job, image="x", command=["true"], flavor="nope")
    refused(501, hub.run_job, image="x", command=["train", "me"])

    plan = hub.create_scheduled_job(image="python:3.12", command=["echo", "hi"], schedule="@yearly", labels={"a": "b"})
    name = {"scheduled_job_id": plan.id}
    assert hub.inspect_scheduled_job(**name).status.next_job_run_at is not None
    assert [one.id for one in hub.list_scheduled_jobs(labels={"a": "b"})] == [plan.id]
    hub.suspend_scheduled_job(**name)
    hub.resume_scheduled_job(**name)
    API.update_scheduled_job_schedule(schedule="0 9 * * 1", **name)
    API.update_scheduled_job_labels(labels={"c": "d"}, **name)
    started = API.trigger_scheduled_job(**name)
    hub.wait_for_job(started.id, timeout=60)
    hub.delete_scheduled_job(**name)


def spaces():
    name = f"{ME}/sp"
    assert hub.model_info("openai-community/gpt2").pipeline_tag == "text-generation"
    hub.model_info("openai-community/gpt2", revision="v2")
    assert hub.model_info("gpt2").id == "gpt2"
    refused(404, hub.model_info, "openai-community/gpt2", revision="nope", of=RevisionNotFoundError)
    refused(404, hub.model_info, "someone/nothing", of=RepositoryNotFoundError)
    assert hub.model_info("meta-llama/Llama-3.1-8B-Instruct").gated == "manual"
    for kind in ["model", "dataset"]:
        hub.create_repo(f"{ME}/made", repo_type=kind, private=True)
    assert hub.dataset_info(f"{ME}/made").private
    assert f"{ME}/made" in [one.id for one in hub.list_models(author=ME)]
    assert f"{ME}/made" in [one.id for one in hub.list_datasets(author=ME)]
    for kind in ["model", "dataset"]:
        hub.delete_repo(f"{ME}/made", repo_type=kind)

    made = hub.create_repo(name, repo_type="space", space_sdk="docker", space_hardware="t4-small", private=True,
                           space_secrets=[{"key": "TOKEN", "value": "open-sesame"}])
    assert made.repo_id == name
    hub.create_repo(name, repo_type="space", space_sdk="docker", exist_ok=True)
    assert hub.get_space_runtime(name).stage == "NO_APP_FILE"
    with tempfile.NamedTemporaryFile("w", suffix="Dockerfile") as file:
        file.write("FROM scratch\n")
        file.flush()
        hub.upload_file(path_or_fileobj=file.name, path_in_repo="Dockerfile", repo_id=name, repo_type="space")
    assert hub.get_space_runtime(name).stage == "BUILDING"
    assert hub.space_info(name).sdk == "docker"
    assert any(one.name == "t4-small" for one in API.list_spaces_hardware())
    hub.request_space_hardware(name, "a10g-small", sleep_time=300)
    hub.set_space_sleep_time(name, 600)
    hub.add_space_secret(name, "OTHER", "open-sesame")
    assert sorted(API.get_space_secrets(name)) == ["OTHER", "TOKEN"]
    hub.delete_space_secret(name, "TOKEN")
    hub.add_space_variable(name, "A", "b")
    assert hub.get_space_variables(name)["A"].value == "b"
    hub.delete_space_variable(name, "A")
    assert hub.pause_space(name).stage == "PAUSED"
    hub.restart_space(name)
    assert name in [one.id for one in hub.list_spaces(author=ME)]
    hub.delete_repo(name, repo_type="space")


def account():
    hook = hub.create_webhook(watched=[{"type": "user", "name": ME}], url="https://hooks.example.com/x", domains=["repo"])
    assert hook.id in [one.id for one in hub.list_webhooks()]
    assert hub.disable_webhook(hook.id).disabled and not hub.enable_webhook(hook.id).disabled
    hub.get_webhook(hook.id)
    hub.delete_webhook(hook.id)
    refused(401, hub.whoami, token="hf_wrong")
    refused(401, hub.list_inference_endpoints, namespace=ME, token="hf_wrong")
    refused(403, hub.list_inference_endpoints, namespace="somebody")
    # The Hub, by the address of the port.
    by_port = hub.HfApi(endpoint=ADDRESS)
    assert by_port.whoami()["name"] == ME
    assert list(by_port.list_jobs(status="COMPLETED"))


PARTS = [endpoints, chat, jobs, spaces, account]
for part in [one for one in PARTS if one.__name__ in (sys.argv[1:] or one.__name__)]:
    began = time.monotonic()
    part()
    print(f"{part.__name__}: {time.monotonic() - began:.1f} s")
assert not strict.OBJECTIONS, "\n".join(sorted(set(strict.OBJECTIONS)))
print("no objections")
