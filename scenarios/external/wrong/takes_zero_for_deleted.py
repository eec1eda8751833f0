"""Wrong: scales the endpoint to zero to save money, and takes that for its end.

It costs nothing from then on, until any request wakes it.
"""

import json
import os
import sys

import huggingface_hub as hub

NAME = os.environ["KUBEPROOF_NAME"]
TAGS = [f"{key.replace('/', '-').replace(':', '-')}={value}"
        for key, value in json.loads(os.environ["KUBEPROOF_TAGS"]).items()]


def up():
    one = hub.create_inference_endpoint(
        NAME, repository="openai-community/gpt2", framework="pytorch", task="text-generation", vendor="aws",
        region="us-east-1", accelerator="cpu", instance_type="intel-spr", instance_size="x1", min_replica=0,
        max_replica=1, scale_to_zero_timeout=15, type="authenticated", tags=TAGS)
    one.wait(timeout=600, refresh_every=1)


def down():
    one = hub.get_inference_endpoint(NAME)
    if one.status != "scaledToZero":
        one.scale_to_zero()


{"up": up, "down": down}[sys.argv[1]]()
