"""Networks, addresses, load balancers and what can only be listed, for `google_every_method.py`."""

from google_calls import PROJECT, REGION, ZONE, change, compute, labels_of, refused


def drive_networks():
    link = f"projects/{PROJECT}/global/networks/every"
    change("networks.insert", {"name": "every", "autoCreateSubnetworks": False})
    change("networks.patch", {"routingConfig": {"routingMode": "GLOBAL"}}, network="every")
    compute("networks.get", network="every")
    compute("networks.list")
    here = {"region": REGION, "subnetwork": "every"}
    ranges = [{"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}, {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"}]
    change("subnetworks.insert", {"name": "every", "network": link, "ipCidrRange": "10.0.0.0/24",
                                  "secondaryIpRanges": ranges}, region=REGION)
    change("subnetworks.expandIpCidrRange", {"ipCidrRange": "10.0.0.0/20"}, **here)
    change("subnetworks.setPrivateIpGoogleAccess", {"privateIpGoogleAccess": True}, **here)
    fingerprint = compute("subnetworks.get", **here)["fingerprint"]
    change("subnetworks.patch", {"description": "x", "fingerprint": fingerprint}, **here)
    compute("subnetworks.list", region=REGION)
    compute("subnetworks.aggregatedList")
    change("routers.insert", {"name": "every", "network": link}, region=REGION)
    change("routers.patch", {"nats": [{"name": "nat", "natIpAllocateOption": "AUTO_ONLY",
                                       "sourceSubnetworkIpRangesToNat": "ALL_SUBNETWORKS_ALL_IP_RANGES"}]},
           region=REGION, router="every")
    compute("routers.get", region=REGION, router="every")
    compute("routers.list", region=REGION)
    compute("routers.aggregatedList")
    allowed = [{"IPProtocol": "tcp", "ports": ["22"]}]
    change("firewalls.insert", {"name": "every", "network": link, "allowed": allowed})
    change("firewalls.patch", {"priority": 900}, firewall="every")
    change("firewalls.update", {"name": "every", "network": link, "allowed": allowed, "priority": 800}, firewall="every")
    compute("firewalls.get", firewall="every")
    compute("firewalls.list")
    change("routes.insert", {"name": "every", "network": link, "destRange": "10.99.0.0/16", "nextHopIp": "10.0.0.9"})
    compute("routes.get", route="every")
    compute("routes.list")
    change("routes.delete", route="every")


def drive_balancing():
    region, zone = {"region": REGION}, {"zone": ZONE}
    change("httpHealthChecks.insert", {"name": "every"})
    compute("httpHealthChecks.get", httpHealthCheck="every")
    compute("httpHealthChecks.list")
    pool = {"targetPool": "every", **region}
    change("targetPools.insert", {"name": "every"}, **region)
    member = {"instances": [{"instance": f"projects/{PROJECT}/zones/{ZONE}/instances/every"}]}
    change("targetPools.addInstance", member, **pool)
    compute("targetPools.get", **pool)
    compute("targetPools.list", **region)
    compute("targetPools.aggregatedList")
    change("targetPools.removeInstance", member, **pool)
    target = f"projects/{PROJECT}/regions/{REGION}/targetPools/every"
    rules = {"forwardingRules": (region, {"target": target}), "globalForwardingRules": ({}, {"target": target})}
    for name, (place, to) in rules.items():
        change(f"{name}.insert", {"name": "every", "IPProtocol": "TCP", "portRange": "80", **to}, **place)
        here = {"forwardingRule": "every", **place}
        label = {"labels": {"a": "b"}, "labelFingerprint": labels_of(name, here)}
        change(f"{name}.setLabels", label, resource="every", **place)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("forwardingRules.aggregatedList")
    change("targetPools.delete", **pool)
    change("httpHealthChecks.delete", httpHealthCheck="every")
    for name, place in [("healthChecks", {}), ("regionHealthChecks", region)]:
        change(f"{name}.insert", {"name": "every", "type": "TCP", "tcpHealthCheck": {"port": 80}}, **place)
        compute(f"{name}.get", healthCheck="every", **place)
        compute(f"{name}.list", **place)
    change("healthChecks.patch", {"timeoutSec": 3}, healthCheck="every")
    compute("healthChecks.aggregatedList")
    for name, place in [("backendServices", {}), ("regionBackendServices", region)]:
        here = {"backendService": "every", **place}
        change(f"{name}.insert", {"name": "every", "protocol": "TCP"}, **place)
        fingerprint = compute(f"{name}.get", **here)["fingerprint"]
        change(f"{name}.patch", {"timeoutSec": 20, "fingerprint": fingerprint}, **here)
        compute(f"{name}.list", **place)
        change(f"{name}.delete", **here)
    compute("backendServices.aggregatedList")
    change("healthChecks.delete", healthCheck="every")
    change("regionHealthChecks.delete", healthCheck="every", **region)
    endpoints = {"networkEndpointGroup": "every", **zone}
    network = f"projects/{PROJECT}/global/networks/default"
    change("networkEndpointGroups.insert", {"name": "every", "networkEndpointType": "GCE_VM_IP_PORT", "network": network}, **zone)
    one = {"networkEndpoints": [{"ipAddress": "10.0.0.7", "port": 80}]}
    change("networkEndpointGroups.attachNetworkEndpoints", one, **endpoints)
    compute("networkEndpointGroups.listNetworkEndpoints", {}, **endpoints)
    change("networkEndpointGroups.detachNetworkEndpoints", one, **endpoints)
    compute("networkEndpointGroups.get", **endpoints)
    compute("networkEndpointGroups.list", **zone)
    compute("networkEndpointGroups.aggregatedList")
    change("networkEndpointGroups.delete", **endpoints)


def drive_http_balancing():
    """What an Ingress makes: a URL map, proxies in front of it, a certificate."""
    def made(name, body, one):
        change(f"{name}.insert", {"name": "every", **body})
        compute(f"{name}.get", **{one: "every"})
        compute(f"{name}.list")
        compute(f"{name}.aggregatedList")

    def link(collection):
        return f"projects/{PROJECT}/global/{collection}/every"

    change("backendServices.insert", {"name": "every", "protocol": "HTTP"})
    made("urlMaps", {"defaultService": link("backendServices")}, "urlMap")
    fingerprint = compute("urlMaps.get", urlMap="every")["fingerprint"]
    change("urlMaps.patch", {"description": "x", "fingerprint": fingerprint}, urlMap="every")
    made("sslCertificates", {"certificate": "x", "privateKey": "x"}, "sslCertificate")
    made("targetHttpProxies", {"urlMap": link("urlMaps")}, "targetHttpProxy")
    secured = {"urlMap": link("urlMaps"), "sslCertificates": [link("sslCertificates")]}
    made("targetHttpsProxies", secured, "targetHttpsProxy")
    service = {"service": link("backendServices")}
    made("targetTcpProxies", service, "targetTcpProxy")
    # These two have no aggregated list.
    for name, one, body in [
            ("targetSslProxies", "targetSslProxy", {**service, "sslCertificates": [link("sslCertificates")]}),
            ("targetGrpcProxies", "targetGrpcProxy", {"urlMap": link("urlMaps")})]:
        change(f"{name}.insert", {"name": "every", **body})
        compute(f"{name}.get", **{one: "every"})
        compute(f"{name}.list")
        change(f"{name}.delete", **{one: "every"})
    change("targetTcpProxies.delete", targetTcpProxy="every")
    change("targetHttpsProxies.delete", targetHttpsProxy="every")
    change("targetHttpProxies.delete", targetHttpProxy="every")
    change("sslCertificates.delete", sslCertificate="every")
    change("urlMaps.delete", urlMap="every")
    change("backendServices.delete", backendService="every")


def drive_lists():
    """What can only be listed: nothing here makes one, and a made-up name is not found."""
    one = {"resourcePolicies": ("resourcePolicy", {"region": REGION}), "reservations": ("reservation", {"zone": ZONE}),
           "autoscalers": ("autoscaler", {"zone": ZONE})}
    for plural, (singular, place) in one.items():
        compute(f"{plural}.list", **place)
        compute(f"{plural}.aggregatedList")
        refused(404, f"compute.{plural}.get", project=PROJECT, **{singular: "none"}, **place)
