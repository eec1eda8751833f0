//! Networks: what uses what, and what is refused.

use serde_json::{Value, json};

use crate::bench::{Bench, network};

fn space(subnets: Value) -> Value {
    json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}})
}

fn subnet(name: &str, range: &str) -> Value {
    json!({"name": name, "properties": {"addressPrefix": range}})
}

#[test]
fn subnets_come_with_their_network_and_a_list_that_lacks_one_removes_it() {
    let mut bench = Bench::new().with_group();
    let line = format!("PUT {}", network("virtualNetworks/v"));
    bench.made(
        &line,
        space(json!([
            subnet("a", "10.0.0.0/24"),
            subnet("b", "10.0.1.0/24")
        ])),
    );
    let shown = bench.get(&network("virtualNetworks/v"));
    assert_eq!(shown["properties"]["subnets"].as_array().unwrap().len(), 2);
    assert_eq!(
        bench.get(&network("virtualNetworks/v/subnets/b"))["properties"]["addressPrefix"],
        "10.0.1.0/24"
    );
    let whole = json!({"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    bench.made(&line, whole);
    assert_eq!(
        bench.get(&network("virtualNetworks/v/subnets"))["value"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    bench.made(&line, space(json!([subnet("a", "10.0.0.0/24")])));
    bench.refused(
        &format!("GET {}", network("virtualNetworks/v/subnets/b")),
        Value::Null,
        404,
        "ResourceNotFound",
    );
}

#[test]
fn subnets_that_do_not_fit_are_refused() {
    let mut bench = Bench::new().with_group();
    bench.made(
        &format!("PUT {}", network("virtualNetworks/v")),
        space(json!([subnet("a", "10.0.0.0/24")])),
    );
    let mut check = |range: &str, code: &str| {
        let body = json!({"properties": {"addressPrefix": range}});
        bench.refused(
            &format!("PUT {}", network("virtualNetworks/v/subnets/b")),
            body,
            400,
            code,
        );
    };
    check("10.1.0.0/24", "NetcfgInvalidSubnet");
    check("10.0.0.128/25", "NetcfgSubnetRangesOverlap");
    check("10.0.1.1/24", "InvalidCIDRNotation");
    let body = json!({"properties": {"addressPrefix": "10.0.2.0/24"}});
    bench.refused(
        &format!("PUT {}", network("virtualNetworks/none/subnets/b")),
        body,
        404,
        "ParentResourceNotFound",
    );
    let body = json!({"properties": {"addressPrefix": "10.0.2.0/24", "routeTable": {"id": network("routeTables/none")}}});
    bench.refused(
        &format!("PUT {}", network("virtualNetworks/v/subnets/b")),
        body,
        400,
        "InvalidResourceReference",
    );
}

#[test]
fn what_is_in_use_is_not_deleted() {
    let mut bench = Bench::new().with_group();
    let plain = || json!({"location": "eastus", "properties": {}});
    bench.made(
        &format!("PUT {}", network("networkSecurityGroups/s")),
        plain(),
    );
    bench.made(&format!("PUT {}", network("routeTables/r")), plain());
    bench.made(&format!("PUT {}", network("publicIPAddresses/a")), plain());
    let nat = json!({"location": "eastus", "sku": {"name": "Standard"}, "properties": {"publicIpAddresses": [{"id": network("publicIPAddresses/a")}]}});
    bench.made(&format!("PUT {}", network("natGateways/n")), nat);
    let subnet = json!([{"name": "a", "properties": {
        "addressPrefix": "10.0.0.0/24", "networkSecurityGroup": {"id": network("networkSecurityGroups/s")},
        "routeTable": {"id": network("routeTables/r")}, "natGateway": {"id": network("natGateways/n").to_uppercase()},
    }}]);
    bench.made(
        &format!("PUT {}", network("virtualNetworks/v")),
        space(subnet),
    );
    let used = [
        (
            "networkSecurityGroups/s",
            "InUseNetworkSecurityGroupCannotBeDeleted",
        ),
        ("routeTables/r", "InUseRouteTableCannotBeDeleted"),
        ("natGateways/n", "InUseNatGatewayCannotBeDeleted"),
        ("publicIPAddresses/a", "PublicIPAddressCannotBeDeleted"),
    ];
    for (path, code) in used {
        bench.refused(&format!("DELETE {}", network(path)), Value::Null, 400, code);
    }
    bench.made(
        &format!("DELETE {}", network("virtualNetworks/v")),
        Value::Null,
    );
    for (path, _) in [used[0], used[1], used[2], used[3]] {
        bench.made(&format!("DELETE {}", network(path)), Value::Null);
    }
}

#[test]
fn one_change_in_a_network_at_a_time() {
    let mut bench = Bench::new().with_group();
    bench.made(
        &format!("PUT {}", network("virtualNetworks/v")),
        space(json!([])),
    );
    let put = |name: &str, range: &str| {
        (
            format!(
                "PUT {}",
                network(&format!("virtualNetworks/v/subnets/{name}"))
            ),
            json!({"properties": {"addressPrefix": range}}),
        )
    };
    let (line, body) = put("a", "10.0.0.0/24");
    bench.is(201, &line, body);
    let (line, body) = put("b", "10.0.1.0/24");
    bench.refused(&line, body.clone(), 409, "AnotherOperationInProgress");
    bench.wait(10);
    bench.is(201, &line, body);
}

#[test]
fn a_dns_zone_is_kept_by_its_links_and_a_link_outlives_its_network() {
    let mut bench = Bench::new().with_group();
    bench.made(
        &format!("PUT {}", network("virtualNetworks/v")),
        space(json!([])),
    );
    let zone = network("privateDnsZones/a.example");
    bench.made(&format!("PUT {zone}"), json!({"location": "global"}));
    let link = json!({"location": "global", "properties": {"virtualNetwork": {"id": network("virtualNetworks/v")}}});
    bench.made(&format!("PUT {zone}/virtualNetworkLinks/l"), link);
    bench.refused(
        &format!("DELETE {zone}"),
        Value::Null,
        409,
        "CannotDeleteResource",
    );
    bench.made(
        &format!("DELETE {}", network("virtualNetworks/v")),
        Value::Null,
    );
    assert_eq!(bench.names("private_dns_link"), ["l"]);
    bench.made(&format!("DELETE {zone}/virtualNetworkLinks/l"), Value::Null);
    bench.made(&format!("DELETE {zone}"), Value::Null);
}
