"""The official client reads the first page of endpoints alone: of an organisation's 25 it misses five."""

import huggingface_hub as hub
from huggingface_hub.utils import get_session

ORGANISATION = hub.whoami()["orgs"][0]["name"]
listed = {one.name for one in hub.list_inference_endpoints(namespace=ORGANISATION)}
everywhere = hub.list_inference_endpoints(namespace="*")

# The same list to its last page.
url = f"https://api.endpoints.huggingface.cloud/v2/endpoint/{ORGANISATION}"
headers, cursor, there = hub.HfApi()._build_hf_headers(), None, set()
while True:
    page = get_session().get(url, headers=headers, params={"cursor": cursor} if cursor else {}).json()
    there |= {one["name"] for one in page["items"]}
    cursor = page.get("nextCursor")
    if cursor is None:
        break

print(f"{len(listed)} of {len(there)} endpoints, {len(everywhere)} in every namespace")
assert len(there) == 25 and listed < there, (listed, there)
assert len(there - listed) == 5, sorted(there - listed)
assert len(everywhere) == 22, [one.name for one in everywhere]
