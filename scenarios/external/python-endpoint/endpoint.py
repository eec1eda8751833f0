"""An inference endpoint with huggingface_hub: `up` creates it or takes over what is there, `down` removes it.

It keeps no state. A name is unique in its namespace, so it tells what the run made: a creation whose answer was lost is told
that the name is taken, and what bears it is looked at. Nothing in it knows of a simulator.
"""

import json
import os
import sys
import time

import huggingface_hub as hub
from huggingface_hub.errors import HfHubHTTPError, InferenceEndpointError, InferenceEndpointTimeoutError

NAME = os.environ["KUBEPROOF_NAME"]
NAMESPACE = hub.whoami()["name"]
# Tags of endpoints are words: `key=value`.
TAGS = [f"{key.replace('/', '-').replace(':', '-')}={value}"
        for key, value in json.loads(os.environ["KUBEPROOF_TAGS"]).items()]
MODEL = "openai-community/gpt2"
# Where it is tried, in this order.
PLACES = [("aws", "us-east-1"), ("gcp", "us-east4")]
# How often a call is tried, how often something is looked at until it is as wished, and the pause between.
TRIES, LOOKS, PAUSE = 8, 600, 0.5
# What may pass: no answer, too many calls, an error of the server, a resource that is busy.
PASSES = {408, 409, 429, 500, 502, 503, 504}
NO_CAPACITY = ("capacity", "not available")


class Failed(Exception):
    pass


def status(error):
    return error.response.status_code if isinstance(error, HfHubHTTPError) and error.response is not None else 0


def tried(call, *arguments, final=(), **parameters):
    """A call, repeated while that may help; a status in `final` is the answer at once."""
    for attempt in range(TRIES):
        try:
            return call(*arguments, **parameters)
        except (HfHubHTTPError, OSError) as error:
            code = status(error)
            if code in final or attempt == TRIES - 1 or code not in PASSES | {0}:
                raise
            time.sleep(PAUSE * (attempt + 1))


def found():
    try:
        return tried(hub.get_inference_endpoint, NAME, namespace=NAMESPACE, final=(404,))
    except HfHubHTTPError as error:
        if status(error) == 404:
            return None
        raise


def create(vendor, region):
    """Creates it; a name that is taken is ours, because no other run has it."""
    try:
        tried(hub.create_inference_endpoint, NAME, namespace=NAMESPACE, repository=MODEL, framework="pytorch",
              task="text-generation", vendor=vendor, region=region, accelerator="cpu", instance_type="intel-spr",
              instance_size="x1", min_replica=0, max_replica=1, scale_to_zero_timeout=15, type="authenticated",
              tags=TAGS, final=(409,))
    except HfHubHTTPError as error:
        if status(error) != 409 or found() is None:
            raise


def runs(endpoint):
    """Waits until it runs and its model has answered: `running` alone proves nothing."""
    for _ in range(LOOKS):
        endpoint = found()
        if endpoint is None:
            raise Failed("it is gone")
        if endpoint.status in ("failed", "updateFailed"):
            raise Failed(f"it has {endpoint.status}: {endpoint.raw['status'].get('message')}")
        if endpoint.status == "paused":
            tried(endpoint.resume)
        if endpoint.status in ("running", "scaledToZero"):
            try:
                return tried(endpoint.client.text_generation, "Does the endpoint answer?", max_new_tokens=4)
            except HfHubHTTPError as error:
                if status(error) not in PASSES:
                    raise
        time.sleep(PAUSE)
    raise Failed("it does not answer")


def up():
    lacking = None
    for vendor, region in PLACES:
        endpoint = found()
        if endpoint is not None and endpoint.status in ("failed", "updateFailed"):
            down()
            endpoint = None
        try:
            if endpoint is None:
                create(vendor, region)
            runs(found())
            print(f"endpoint {NAME} answers")
            return
        except (HfHubHTTPError, Failed) as error:
            if not any(word in str(error).lower() for word in NO_CAPACITY):
                raise
            lacking = error
            down()
    raise lacking


def down():
    """Deletes it, and waits until it is gone: only then its name is free and nothing is billed any more."""
    for _ in range(LOOKS):
        try:
            tried(hub.delete_inference_endpoint, NAME, namespace=NAMESPACE, final=(404,))
        except HfHubHTTPError as error:
            if status(error) != 404:
                raise
        if found() is None:
            return
        time.sleep(PAUSE)
    raise Failed("it is still there")


try:
    {"up": up, "down": down}[sys.argv[1]]()
except (HfHubHTTPError, InferenceEndpointError, InferenceEndpointTimeoutError, OSError, Failed) as error:
    sys.exit(f"endpoint {NAME}: {error}")
