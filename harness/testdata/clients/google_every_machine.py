"""Machines, disks, templates and groups, for `google_every_method.py`."""

from google_calls import PROJECT, REGION, ZONE, change, compute, labels_of


def drive_disks():
    zones = [f"projects/{PROJECT}/zones/{REGION}-{letter}" for letter in "ab"]
    for name, place, body in [("disks", {"zone": ZONE}, {}), ("regionDisks", {"region": REGION}, {"replicaZones": zones})]:
        change(f"{name}.insert", {"name": "every", "sizeGb": "10", **body}, **place)
        change(f"{name}.resize", {"sizeGb": "20"}, disk="every", **place)
        label = {"labels": {"a": "b"}, "labelFingerprint": labels_of(name, {"disk": "every", **place})}
        change(f"{name}.setLabels", label, resource="every", **place)
        compute(f"{name}.list", **place)
    compute("disks.aggregatedList")
    change("snapshots.insert", {"name": "every", "sourceDisk": f"projects/{PROJECT}/zones/{ZONE}/disks/every"})
    label = {"labels": {"a": "b"}, "labelFingerprint": labels_of("snapshots", {"snapshot": "every"})}
    change("snapshots.setLabels", label, resource="every")
    compute("snapshots.list")
    change("snapshots.delete", snapshot="every")
    change("regionDisks.delete", disk="every", region=REGION)
    change("disks.delete", disk="every", zone=ZONE)


def drive_machines():
    zone = {"zone": ZONE}
    compute("zones.list")
    compute("zones.get", **zone)
    compute("regions.list")
    compute("regions.get", region=REGION)
    compute("projects.get")
    compute("machineTypes.list", **zone)
    compute("machineTypes.get", machineType="g2-standard-4", **zone)
    compute("machineTypes.aggregatedList")
    for name, place in [("addresses", {"region": REGION}), ("globalAddresses", {})]:
        change(f"{name}.insert", {"name": "every"}, **place)
        here = {"address": "every", **place}
        label = {"labels": {"a": "b"}, "labelFingerprint": labels_of(name, here)}
        change(f"{name}.setLabels", label, resource="every", **place)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("addresses.aggregatedList")
    drive_disks()
    machine = {"disks": [{"boot": True, "autoDelete": True, "initializeParams": {"diskSizeGb": "10"}}],
               "networkInterfaces": [{"accessConfigs": [{"type": "ONE_TO_ONE_NAT", "name": "External NAT"}]}]}
    change("instances.insert", {"name": "every", "machineType": f"zones/{ZONE}/machineTypes/e2-medium", **machine}, **zone)
    here = {"instance": "every", **zone}
    label = {"labels": {"a": "b"}, "labelFingerprint": labels_of("instances", here)}
    change("instances.setLabels", label, **here)
    for member, verb in [("tags", "setTags"), ("metadata", "setMetadata")]:
        fingerprint = compute("instances.get", **here)[member]["fingerprint"]
        items = ["x"] if member == "tags" else [{"key": "k", "value": "v"}]
        change(f"instances.{verb}", {"items": items, "fingerprint": fingerprint}, **here)
    change("instances.stop", **here)
    change("instances.start", **here)
    compute("instances.list", **zone)
    compute("instances.aggregatedList")
    change("instanceTemplates.insert", {"name": "every", "properties": {"machineType": "e2-medium", **machine}})
    compute("instanceTemplates.get", instanceTemplate="every")
    compute("instanceTemplates.list")
    compute("instanceTemplates.aggregatedList")
    drive_groups(zone)


def drive_groups(zone):
    instance = f"projects/{PROJECT}/zones/{ZONE}/instances/every"
    group = {"instanceGroup": "every", **zone}
    change("instanceGroups.insert", {"name": "every"}, **zone)
    members = {"instances": [{"instance": instance}]}
    change("instanceGroups.addInstances", members, **group)
    compute("instanceGroups.listInstances", {}, **group)
    change("instanceGroups.removeInstances", members, **group)
    change("instanceGroups.setNamedPorts", {"namedPorts": [{"name": "http", "port": 80}]}, **group)
    compute("instanceGroups.get", **group)
    compute("instanceGroups.list", **zone)
    compute("instanceGroups.aggregatedList")
    change("instanceGroups.delete", **group)
    manager = {"instanceGroupManager": "managed", **zone}
    template = f"projects/{PROJECT}/global/instanceTemplates/every"
    change("instanceGroupManagers.insert", {"name": "managed", "instanceTemplate": template, "targetSize": 1,
                                            "baseInstanceName": "managed"}, **zone)
    change("instanceGroupManagers.resize", size=2, **manager)
    managed = compute("instanceGroupManagers.listManagedInstances", **manager)["managedInstances"]
    change("instanceGroupManagers.deleteInstances", {"instances": [managed[0]["instance"]]}, **manager)
    compute("instanceGroupManagers.get", **manager)
    compute("instanceGroupManagers.list", **zone)
    compute("instanceGroupManagers.aggregatedList")
    change("instanceGroupManagers.delete", **manager)
    change("instanceTemplates.delete", instanceTemplate="every")


def remove_rest():
    change("instances.delete", instance="every", zone=ZONE)
    change("firewalls.delete", firewall="every")
    change("routers.delete", region=REGION, router="every")
    change("subnetworks.delete", region=REGION, subnetwork="every")
    change("networks.delete", network="every")
