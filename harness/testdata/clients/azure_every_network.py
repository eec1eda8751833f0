"""Drives the operations of networks, of what hangs on them, and of private DNS zones."""

from azure_calls import LOCATION, SUBSCRIPTION, call, refused
from azure_every_account import GROUP

HERE = {"location": LOCATION, "tags": {"a": "b"}}
NETWORK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Network"
SUBNET = f"{NETWORK}/virtualNetworks/judge/subnets/nodes"


def drive(plural, name, body, package="network"):
    """Makes something, changes its tags, and reads it in every way that all resources have."""
    call(package, f"{plural}.begin_create_or_update", GROUP, name, body)
    update = "update_tags" if package == "network" else "begin_update"
    assert call(package, f"{plural}.{update}", GROUP, name, {"tags": {"c": "d"}})["tags"] == {"c": "d"}
    found = call(package, f"{plural}.get", GROUP, name)
    of_group, of_all = ("list", "list_all") if package == "network" else ("list_by_resource_group", "list")
    for listed in [call(package, f"{plural}.{of_group}", GROUP), call(package, f"{plural}.{of_all}")]:
        assert found["id"] in [one["id"] for one in listed], found["id"]
    return found


def drive_networks():
    rule = {"name": "ssh", "properties": {"priority": 100, "direction": "Inbound", "access": "Allow", "protocol": "Tcp",
                                          "sourcePortRange": "*", "destinationPortRange": "22", "sourceAddressPrefix": "*",
                                          "destinationAddressPrefix": "*"}}
    security = drive("network_security_groups", "judge", {**HERE, "properties": {"securityRules": [rule]}})
    routes = drive("route_tables", "judge", {**HERE, "properties": {"routes": [
        {"name": "out", "properties": {"addressPrefix": "0.0.0.0/0", "nextHopType": "Internet"}}]}})
    static = {"sku": {"name": "Standard"}, "properties": {"publicIPAllocationMethod": "Static"}}
    address = drive("public_ip_addresses", "judge", {**HERE, **static})
    call("network", "public_ip_addresses.begin_create_or_update", GROUP, "other", {**HERE, **static})
    gateway = drive("nat_gateways", "judge", {
        **HERE, "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": address["id"]}]}})
    refused("PublicIPAddressCannotBeDeleted", "network", "public_ip_addresses.begin_delete", GROUP, "judge")
    drive("virtual_networks", "judge", {**HERE, "properties": {
        "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
        "subnets": [{"name": "first", "properties": {"addressPrefix": "10.1.128.0/24"}}]}})
    subnet = {"properties": {"addressPrefix": "10.1.0.0/18", "natGateway": {"id": gateway["id"]},
                             "networkSecurityGroup": {"id": security["id"]}, "routeTable": {"id": routes["id"]}}}
    call("network", "subnets.begin_create_or_update", GROUP, "judge", "nodes", subnet)
    assert call("network", "subnets.get", GROUP, "judge", "nodes")["properties"]["addressPrefix"] == "10.1.0.0/18"
    assert len(call("network", "subnets.list", GROUP, "judge")) == 2
    other = f"{NETWORK}/publicIPAddresses/other"
    drive("load_balancers", "judge", {**HERE, "sku": {"name": "Standard"}, "properties": {
        "frontendIPConfigurations": [{"name": "out", "properties": {"publicIPAddress": {"id": other}}}]}})
    drive("network_interfaces", "judge", {**HERE, "properties": {"ipConfigurations": [
        {"name": "first", "properties": {"subnet": {"id": SUBNET}}}]}})


def drive_zones():
    zone = {"location": "global", "tags": {"a": "b"}}
    drive("private_zones", "judge.example", zone, "privatedns")
    link = {"location": "global", "properties": {
        "virtualNetwork": {"id": f"{NETWORK}/virtualNetworks/judge"}, "registrationEnabled": False}}
    call("privatedns", "virtual_network_links.begin_create_or_update", GROUP, "judge.example", "judge", link)
    call("privatedns", "virtual_network_links.get", GROUP, "judge.example", "judge")
    assert call("privatedns", "virtual_network_links.list", GROUP, "judge.example")
    refused("CannotDeleteResource", "privatedns", "private_zones.begin_delete", GROUP, "judge.example")
    call("privatedns", "virtual_network_links.begin_delete", GROUP, "judge.example", "judge")
    call("privatedns", "private_zones.begin_delete", GROUP, "judge.example")


def remove_networks():
    call("network", "network_interfaces.begin_delete", GROUP, "judge")
    call("network", "load_balancers.begin_delete", GROUP, "judge")
    call("network", "subnets.begin_delete", GROUP, "judge", "nodes")
    call("network", "virtual_networks.begin_delete", GROUP, "judge")
    call("network", "nat_gateways.begin_delete", GROUP, "judge")
    for name in ["judge", "other"]:
        call("network", "public_ip_addresses.begin_delete", GROUP, name)
    call("network", "route_tables.begin_delete", GROUP, "judge")
    call("network", "network_security_groups.begin_delete", GROUP, "judge")
