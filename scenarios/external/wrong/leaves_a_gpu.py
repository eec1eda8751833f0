"""Wrong: deletes what the official client lists, and that list has one page.

The endpoint is on a GPU, and the organisation has more endpoints than a page shows (huggingface_hub 2.4.0,
`list_inference_endpoints`).
"""

import json
import os
import sys

import huggingface_hub as hub

NAME, NAMESPACE = os.environ["KUBEPROOF_NAME"], "kubeproof-research"
TAGS = [f"{key.replace('/', '-').replace(':', '-')}={value}"
        for key, value in json.loads(os.environ["KUBEPROOF_TAGS"]).items()]


def up():
    one = hub.create_inference_endpoint(
        NAME, namespace=NAMESPACE, repository="Qwen/Qwen2.5-7B-Instruct", framework="pytorch", task="text-generation",
        vendor="aws", region="us-east-1", accelerator="gpu", instance_type="nvidia-l4", instance_size="x1",
        min_replica=1, max_replica=1, type="authenticated", tags=TAGS)
    one.wait(timeout=1200, refresh_every=1)


def down():
    for one in hub.list_inference_endpoints(namespace=NAMESPACE):
        if one.name == NAME:
            one.delete()


{"up": up, "down": down}[sys.argv[1]]()
