"""Every method of Google's services that the endpoint implements, once through google-api-python-client by its dotted
path, with each raw request and reply held against the discovery documents that come with the client.

Which methods there are is asked of the endpoint itself (KUBEPROOF_CONTROL_GCP): those are implemented that are not
answered with 501 for themselves. One that is not driven is a failure, as is an objection of the judge. Afterwards nothing is left.
"""

import collections
import json
import os
import re
import sys
import urllib.error
import urllib.request

import google.auth.transport.requests

import google_every_account
import google_every_cluster
import google_every_machine
import google_every_network
import google_every_registration
import google_every_workload
from google_calls import CREDENTIALS, DRIVEN, JUDGES, OBJECTIONS, PROJECT, REFUSED, REGION, ZONE

CONTROL = os.environ["KUBEPROOF_CONTROL_GCP"]
BASE = CONTROL.rsplit("/", 1)[0]
# In the order in which one thing needs another.
DRIVES = [google_every_account.drive_project, google_every_account.drive_services,
          google_every_network.drive_networks, google_every_machine.drive_machines,
          google_every_network.drive_balancing, google_every_network.drive_http_balancing,
          google_every_cluster.drive_clusters, google_every_network.drive_lists,
          google_every_workload.drive_names, google_every_workload.drive_files,
          google_every_registration.drive_fleet, google_every_registration.drive_logs,
          google_every_registration.drive_pools, google_every_registration.drive_keys,
          google_every_account.drive_accounts, google_every_account.drive_readers,
          google_every_account.drive_bills, google_every_machine.remove_rest]


def inventory():
    with urllib.request.urlopen(CONTROL + "/inventory") as reply:
        return json.load(reply)


def stays(resource):
    """A key without material, and a bucket that goes a week later: nothing deletes them at once."""
    return resource["facts"].get("versions") == "0" or resource["state"] == "DELETE_REQUESTED"


def is_unknown(message, name):
    """Of a method that is known in part, the message names the part; one that is unknown has its id or its path."""
    what = message.removeprefix("not simulated: ")
    return what == name or re.match(r"[A-Z]+ [^ ]*/", what)


def implemented():
    """The methods that are not answered with 501. Nothing is made: bodies are empty, names are made up."""
    CREDENTIALS.refresh(google.auth.transport.requests.Request())
    found = set()
    for service, judge in JUDGES.items():
        host = judge.document["rootUrl"].split("/")[2]
        for name, method in judge.methods.items():
            # The same call by another name: of any parent, where there is one of projects.
            if name.replace(f"{judge.service}.", f"{judge.service}.projects.", 1) in judge.methods:
                continue
            path = method.get("flatPath") or method["path"]
            for parameter, given in [("project", PROJECT), ("projectId", PROJECT), ("projectsId", PROJECT),
                                     ("zone", ZONE), ("zonesId", ZONE), ("region", REGION), ("locationsId", ZONE)]:
                path = path.replace("{" + parameter + "}", given)
            # Of any parent: here it is the project.
            path = re.sub(r"\{v\dId\}", "projects", re.sub(r"\{v\dId1\}", PROJECT, path))
            path = "/".join(part if "{" not in part else "x-probe" + part.split("}")[1] for part in path.split("/"))
            # By the service's host: paths alone do not tell services apart.
            headers = {"authorization": f"Bearer {CREDENTIALS.token}", "host": host}
            url = f"{BASE}/{judge.document['servicePath']}{path}"
            request = urllib.request.Request(url, method=method["httpMethod"], headers=headers)
            try:
                urllib.request.urlopen(request).read()
            except urllib.error.HTTPError as error:
                if error.code == 501 and is_unknown(json.load(error)["error"]["message"], name):
                    continue
            found.add((service, name))
    return found


def main():
    before = inventory()
    known = implemented()
    if inventory() != before:
        sys.exit("the probe changed something")
    for drive in DRIVES:
        drive()
    words = lambda methods: sorted(" ".join(one) for one in methods)
    for title, told in [("not driven", words(known - DRIVEN)), ("driven, but not found by the probe", words(DRIVEN - known)),
                        ("objections", OBJECTIONS), ("refused or failed", REFUSED)]:
        for line in told:
            print(f"{title}: {line}")
    is_clean = [one for one in inventory()["resources"] if not stays(one)] == before["resources"]
    for service, count in sorted(collections.Counter(service for service, _ in DRIVEN).items()):
        print(f"driven: {service} {count}")
    print(f"{len(DRIVEN)} of {len(known)} methods driven, {len(OBJECTIONS)} objections, nothing left: {is_clean}")
    sys.exit(0 if is_clean and known == DRIVEN and not OBJECTIONS and not REFUSED else 1)


main()
