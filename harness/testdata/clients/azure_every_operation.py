"""Every operation of Azure's services that the endpoint implements, once through Microsoft's clients for Python by its name,
with each raw request and reply held against the models and operations inside those packages.

Which operations there are is asked of the endpoint itself: those are implemented that are not answered with 501 for
themselves. One that is not driven is a failure, as is an objection of the judge. Operations that no package here has
(Microsoft Graph, the authority) are called by hand. Afterwards nothing is left.
"""

import collections
import json
import os
import re
import sys
import urllib.error
import urllib.request

import azure_calls
import azure_every_account
import azure_every_cluster
import azure_every_directory
import azure_every_network
from azure_calls import ALLOWED, BASE, CREDENTIAL, DRIVEN, LOCATION, OBJECTIONS, REFUSED, SUBSCRIPTION, USED
from azure_operations import PACKAGES, operations

CONTROL = os.environ["KUBEPROOF_CONTROL_AZURE"]
# In the order in which one thing needs another.
DRIVES = [azure_every_account.drive_subscription, azure_every_account.drive_groups,
          azure_every_network.drive_networks, azure_every_network.drive_zones,
          azure_every_cluster.drive_identities, azure_every_cluster.drive_roles, azure_every_cluster.drive_disks,
          azure_every_cluster.drive_clusters, azure_every_account.drive_lists, azure_every_account.drive_bills,
          azure_every_account.drive_table, azure_every_directory.drive_directory,
          azure_every_network.remove_networks, azure_every_account.remove_groups]
# What stands for a parameter of a path, where a made-up name would lead nowhere.
GIVEN = {"subscriptionId": SUBSCRIPTION, "location": LOCATION, "scope": f"subscriptions/{SUBSCRIPTION}"}
# The same for packages whose scopes are others.
GIVEN_IN = {"quota": {"scope": f"subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/{LOCATION}"}}


def control(route):
    with urllib.request.urlopen(f"{CONTROL}/{route}") as reply:
        return json.load(reply)


def inventory():
    return control("inventory")


def is_unknown(message):
    """Of an operation that is known in part the message names the part; one that is unknown has its name or its path."""
    what = message.removeprefix("not simulated: ")
    return re.fullmatch(r"[\w.]+", what) or re.match(r"[A-Z]+ /", what)


def probe(operation, token):
    """Whether an operation is implemented. Nothing is made: bodies are empty, names are made up."""
    given = {**GIVEN, **GIVEN_IN.get(operation.package, {})}
    path = re.sub(r"\{(\w+)\}", lambda found: given.get(found.group(1), "x-probe"), operation.path)
    body = b"{}" if operation.method in ("PUT", "PATCH", "POST") else None
    request = urllib.request.Request(f"{BASE}{path}?api-version={operation.version}", body, method=operation.method,
                                     headers={"authorization": f"Bearer {token}", "content-type": "application/json"})
    try:
        urllib.request.urlopen(request).read()
    except urllib.error.HTTPError as error:
        text = error.read()
        if error.code == 501:
            return bool(text) and not is_unknown(json.loads(text)["error"]["message"])
    return True


def implemented():
    token = CREDENTIAL.get_token(BASE + "/.default").token
    found = set()
    for package in PACKAGES:
        for name, operation in operations(package).items():
            # A path that is nothing but an id is another way to name what is known by its whole path.
            if not re.fullmatch(r"/\{\w+\}", operation.path) and probe(operation, token):
                found.add((package, name))
    return found


def main():
    before = inventory()
    known = implemented()
    if inventory() != before:
        sys.exit("the probe changed something")
    print(f"calls of the probe: {len(control('journal')['calls'])}")
    for drive in DRIVES:
        drive()
    unused = [f"{name}: {part} ({why})" for index, (name, part, why) in enumerate(ALLOWED) if index not in USED]
    words = lambda some: sorted(" ".join(one) for one in some)
    by_hand = {one for one in DRIVEN if one[0] not in PACKAGES}
    driven = DRIVEN - by_hand
    for title, told in [("not driven", words(known - driven)), ("driven, but not found by the probe", words(driven - known)),
                        ("objections", OBJECTIONS), ("refused or failed", REFUSED), ("allowed, and not needed", unused)]:
        for line in told:
            print(f"{title}: {line}")
    after = inventory()
    is_clean = after == before
    if not is_clean:
        names = [{(one["resource_type"], one["id"]) for one in seen["resources"]} for seen in (before, after)]
        print(f"left: {sorted(names[1] - names[0])}, gone: {sorted(names[0] - names[1])}")
    for service, count in sorted(collections.Counter(package for package, _ in DRIVEN).items()):
        print(f"driven: {service} {count}")
    print(f"{len(driven)} of {len(known)} operations driven, {len(by_hand)} more by hand, {azure_calls.COUNT[0]} calls judged, "
          f"{len(ALLOWED)} exceptions, {len(OBJECTIONS)} objections, nothing left: {is_clean}")
    is_right = is_clean and known == driven and not OBJECTIONS and not REFUSED and not unused
    sys.exit(0 if is_right else 1)


main()
