"""Google's client libraries for Kubernetes Engine, Compute Engine and BigQuery, as any program uses them: with the
credentials of the environment and without an address. What they parse is strict: unknown members and words are errors here.
"""

import json
import time

import google.auth
from google.auth.transport.requests import AuthorizedSession
from google.cloud import bigquery, compute_v1, container_v1

CREDENTIALS, PROJECT = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
REGION, ZONE = "us-central1", "us-central1-a"
LOCATION = f"projects/{PROJECT}/locations/{ZONE}"
CLUSTERS = container_v1.ClusterManagerClient(transport="rest")
SESSION = AuthorizedSession(CREDENTIALS)


def finish(operation):
    name = f"{LOCATION}/operations/{operation.name}"
    while operation.status != container_v1.Operation.Status.DONE:
        time.sleep(0.2)
        operation = CLUSTERS.get_operation(name=name)
    assert not operation.error.code, operation


def strictly(kind, url):
    """The raw reply, parsed without leave to have members or words that the library does not know."""
    reply = SESSION.get(url)
    reply.raise_for_status()
    return kind.from_json(json.dumps(reply.json()), ignore_unknown_fields=False)


def make():
    networks, subnetworks = compute_v1.NetworksClient(), compute_v1.SubnetworksClient()
    network = compute_v1.Network(name="lib", auto_create_subnetworks=False)
    networks.insert(project=PROJECT, network_resource=network).result(timeout=120)
    link = networks.get(project=PROJECT, network="lib").self_link
    ranges = [compute_v1.SubnetworkSecondaryRange(range_name=name, ip_cidr_range=block)
              for name, block in [("pods", "10.4.0.0/14"), ("services", "10.8.0.0/20")]]
    subnetwork = compute_v1.Subnetwork(name="lib", network=link, ip_cidr_range="10.0.0.0/20", secondary_ip_ranges=ranges)
    subnetworks.insert(project=PROJECT, region=REGION, subnetwork_resource=subnetwork).result(timeout=120)
    pool = container_v1.NodePool(name="first", initial_node_count=1,
                                 config=container_v1.NodeConfig(machine_type="e2-standard-2"))
    policy = container_v1.IPAllocationPolicy(use_ip_aliases=True, cluster_secondary_range_name="pods",
                                             services_secondary_range_name="services")
    cluster = container_v1.Cluster(name="lib", network="lib", subnetwork="lib", node_pools=[pool],
                                   ip_allocation_policy=policy, resource_labels={"owner": "lib"})
    finish(CLUSTERS.create_cluster(parent=LOCATION, cluster=cluster))


def read():
    name = f"{LOCATION}/clusters/lib"
    cluster = CLUSTERS.get_cluster(name=name)
    assert cluster.status == container_v1.Cluster.Status.RUNNING, cluster
    assert [one.name for one in CLUSTERS.list_clusters(parent=f"projects/{PROJECT}/locations/-").clusters] == ["lib"]
    api = "https://container.googleapis.com/v1/"
    assert strictly(container_v1.Cluster, api + name) == cluster
    strictly(container_v1.NodePool, f"{api}{name}/nodePools/first")
    strictly(container_v1.ListOperationsResponse, f"{api}{LOCATION}/operations")
    strictly(container_v1.ServerConfig, f"{api}{LOCATION}/serverConfig")
    compute = f"https://compute.googleapis.com/compute/v1/projects/{PROJECT}"
    strictly(compute_v1.Network, f"{compute}/global/networks/lib")
    strictly(compute_v1.FirewallList, f"{compute}/global/firewalls")
    instances = compute_v1.InstancesClient()
    ours = [one for one in instances.list(project=PROJECT, zone=ZONE)
            if one.labels.get("goog-k8s-cluster-name") == "lib"]
    assert len(ours) == 1, ours
    strictly(compute_v1.InstanceList, f"{compute}/zones/{ZONE}/instances")
    places = {place for place, scoped in instances.aggregated_list(project=PROJECT) if scoped.instances}
    assert f"zones/{ZONE}" in places, places


def remove():
    finish(CLUSTERS.delete_cluster(name=f"{LOCATION}/clusters/lib"))
    compute_v1.SubnetworksClient().delete(project=PROJECT, region=REGION, subnetwork="lib").result(timeout=120)
    compute_v1.NetworksClient().delete(project=PROJECT, network="lib").result(timeout=120)


def bills():
    client = bigquery.Client(project=PROJECT, credentials=CREDENTIALS)
    dataset = next(iter(client.list_datasets()))
    table = client.get_table(next(iter(client.list_tables(dataset))))
    assert {"cost", "labels", "sku"} <= {field.name for field in table.schema}, table.schema
    name = f"{PROJECT}.{dataset.dataset_id}.{table.table_id}"
    query = f"SELECT sku.description, SUM(CAST(cost AS NUMERIC)) AS usd FROM `{name}` GROUP BY 1 ORDER BY 1"
    waited = dict(tuple(row) for row in client.query(query).result())
    again = dict(tuple(row) for row in client.query_and_wait(query))
    # The export fills in the meantime.
    assert waited and all(again[sku] >= usd for sku, usd in waited.items()), (waited, again)
    dry = client.query(query, job_config=bigquery.QueryJobConfig(dry_run=True))
    assert dry.total_bytes_processed is not None, dry


make()
read()
bills()
remove()
print("made, read and removed")
