"""Projects, services, accounts, policies, bills, audit entries and search, for `google_every_method.py`."""

import time

from google_calls import PROJECT, call

NAME = f"projects/{PROJECT}"
# A service that nothing here needs.
SPARE = f"{NAME}/services/artifactregistry.googleapis.com"
ACCOUNT = f"{NAME}/serviceAccounts/every-account@{PROJECT}.iam.gserviceaccount.com"
ROLE = "roles/container.defaultNodeServiceAccount"


def drive_project():
    for of, of_project in [("cloudresourcemanager", {"projectId": PROJECT}), ("cloudresourcemanager@v3", {"name": NAME})]:
        by_resource = {"of": of, "resource": PROJECT if of == "cloudresourcemanager" else NAME}
        manager = "cloudresourcemanager.projects"
        call(f"{manager}.get", of=of, **of_project)
        asked = {"permissions": ["container.clusters.create", "compute.networks.create"]}
        granted = call(f"{manager}.testIamPermissions", asked, **by_resource)
        assert granted == asked, granted
        policy = call(f"{manager}.getIamPolicy", {"options": {"requestedPolicyVersion": 3}}, **by_resource)
        call(f"{manager}.setIamPolicy", {"policy": policy}, **by_resource)
    call("cloudresourcemanager.projects.list")
    call("cloudbilling.projects.getBillingInfo", name=NAME)
    for service in call("cloudbilling.services.list")["services"]:
        call("cloudbilling.services.skus.list", parent=service["name"], pageSize=5)


def finish_service(operation):
    while not operation.get("done"):
        time.sleep(0.1)
        operation = call("serviceusage.operations.get", name=operation["name"])
    assert "error" not in operation, operation


def drive_services():
    call("serviceusage.services.list", parent=NAME, filter="state:ENABLED", pageSize=200)
    call("serviceusage.services.get", name=SPARE)
    call("serviceusage.services.batchGet", parent=NAME, names=[SPARE])
    finish_service(call("serviceusage.services.enable", {}, name=SPARE))
    finish_service(call("serviceusage.services.disable", {}, name=SPARE))
    batch = {"serviceIds": ["artifactregistry.googleapis.com"]}
    finish_service(call("serviceusage.services.batchEnable", batch, parent=NAME))
    finish_service(call("serviceusage.services.disable", {}, name=SPARE))


def drive_accounts():
    accounts = "iam.projects.serviceAccounts"
    asked = {"accountId": "every-account", "serviceAccount": {"displayName": "every", "description": "x"}}
    made = call(f"{accounts}.create", asked, name=NAME)
    call(f"{accounts}.get", name=ACCOUNT)
    call(f"{accounts}.list", name=NAME)
    body = {"serviceAccount": {"displayName": "changed"}, "updateMask": "displayName"}
    call(f"{accounts}.patch", body, name=ACCOUNT)
    call(f"{accounts}.disable", {}, name=ACCOUNT)
    call(f"{accounts}.enable", {}, name=ACCOUNT)
    key = call(f"{accounts}.keys.create", {}, name=ACCOUNT)["name"]
    call(f"{accounts}.keys.list", name=ACCOUNT)
    call(f"{accounts}.keys.get", name=key)
    call(f"{accounts}.keys.delete", name=key)
    call(f"{accounts}.delete", name=ACCOUNT)
    call(f"{accounts}.undelete", {}, name=f"{NAME}/serviceAccounts/{made['uniqueId']}")
    call(f"{accounts}.delete", name=ACCOUNT)


def drive_readers():
    """What tells of the rest: both are late, and have something to tell by now."""
    filter_ = 'protoPayload.serviceName="container.googleapis.com"'
    asked = {"resourceNames": [NAME], "filter": filter_, "orderBy": "timestamp desc", "pageSize": 5}
    assert call("logging.entries.list", asked)["entries"]
    assert call("cloudasset.searchAllResources", scope=NAME, pageSize=20)["results"]


def drive_bills():
    """The table of the billing export, whatever is in it by now."""
    here = {"projectId": PROJECT}
    dataset = call("bigquery.datasets.list", **here)["datasets"][0]["datasetReference"]["datasetId"]
    call("bigquery.datasets.get", datasetId=dataset, **here)
    table = call("bigquery.tables.list", datasetId=dataset, **here)["tables"][0]["tableReference"]["tableId"]
    call("bigquery.tables.get", datasetId=dataset, tableId=table, **here)
    query = {"query": f"SELECT sku.description, COUNT(*) FROM `{PROJECT}.{dataset}.{table}` GROUP BY 1 ORDER BY 1",
             "useLegacySql": False}
    call("bigquery.jobs.query", query, **here)
    job = {"jobReference": {"projectId": PROJECT, "jobId": "every-job"}, "configuration": {"query": query}}
    reference = call("bigquery.jobs.insert", job, **here)["jobReference"]
    place = {"jobId": reference["jobId"], "location": reference["location"]}
    for _ in range(100):
        if call("bigquery.jobs.getQueryResults", **place, **here)["jobComplete"]:
            break
    assert call("bigquery.jobs.get", **place, **here)["status"]["state"] == "DONE"
