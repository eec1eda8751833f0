//! How nodes reach the internet: through the cluster's balancer, or through a NAT gateway of their subnet.

use kubeproof_contract::run::Run;
use serde_json::Value;

use super::super::Findings;
use crate::spec::Outbound;

/// The cluster says what it was asked for.
pub(super) fn as_asked(found: &mut Findings, asked: Outbound, shown: &str) {
    let asked = asked.word();
    found.require(shown == asked, || {
        format!("its outbound type is `{shown}`, asked for {asked}")
    });
}

/// Through the balancer among those of the node resource group.
pub(super) fn by_balancer(found: &mut Findings, balancers: &[Value]) {
    let mut all = balancers.iter();
    let Some(balancer) = all.find(|one| one["name"] == "kubernetes") else {
        found
            .wrong
            .push("the cluster has no load balancer, so nodes have no way out".to_owned());
        return;
    };
    let properties = &balancer["properties"];
    let state = properties["provisioningState"].as_str().unwrap_or_default();
    found.require(state == "Succeeded", || {
        format!("load balancer kubernetes is {state}")
    });
    let rules = properties["outboundRules"].as_array().map_or(0, Vec::len);
    found.require(rules > 0, || {
        "load balancer kubernetes has no outbound rule".to_owned()
    });
}

/// Through the gateway among these that serves the subnet.
pub(super) fn by_gateway(found: &mut Findings, run: &Run, subnet: &str, gateways: &[Value]) {
    let serves = |gateway: &&Value| {
        let subnets = gateway["properties"]["subnets"].as_array();
        let mut subnets = subnets.into_iter().flatten();
        subnets.any(|one| {
            one["id"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(subnet))
        })
    };
    let Some(gateway) = gateways.iter().find(serves) else {
        found.wrong.push(format!(
            "no NAT gateway serves {subnet}, so nodes have no way out"
        ));
        return;
    };
    let properties = &gateway["properties"];
    let name = gateway["name"].as_str().unwrap_or_default();
    let state = properties["provisioningState"].as_str().unwrap_or_default();
    found.require(state == "Succeeded", || {
        format!("NAT gateway {name} is {state}")
    });
    let tags = serde_json::from_value(gateway["tags"].clone()).unwrap_or_default();
    found.require(run.owns(&tags), || {
        format!("NAT gateway {name} does not carry the run's tag")
    });
    let addresses = ["publicIpAddresses", "publicIpPrefixes"]
        .iter()
        .map(|member| properties[member].as_array().map_or(0, Vec::len));
    found.require(addresses.sum::<usize>() > 0, || {
        format!("NAT gateway {name} has no public address")
    });
    found.note(format!("nodes go out through NAT gateway {name}"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::cluster::tests::run;
    use super::*;

    #[test]
    fn a_cluster_without_a_balancer_or_rule_has_no_way_out() {
        let check = |balancers: &[Value], expected: &str| {
            let mut found = Findings::default();
            by_balancer(&mut found, balancers);
            assert_eq!(found.wrong.join("; "), expected);
        };
        let balancer = |state: &str, rules: &[u8]| json!({"name": "kubernetes", "properties": {"provisioningState": state, "outboundRules": rules}});
        check(&[balancer("Succeeded", &[1])], "");
        check(
            &[balancer("Failed", &[1])],
            "load balancer kubernetes is Failed",
        );
        check(
            &[balancer("Succeeded", &[])],
            "load balancer kubernetes has no outbound rule",
        );
        check(
            &[],
            "the cluster has no load balancer, so nodes have no way out",
        );
    }

    #[test]
    fn a_gateway_serves_the_subnet_with_an_address_and_is_the_runs() {
        let check = |change: Value, expected: &str| {
            let mut gateway = json!({
                "name": "nat", "tags": {"kubeproof:run": "r1"},
                "properties": {
                    "provisioningState": "Succeeded", "subnets": [{"id": "/A/Subnets/nodes"}],
                    "publicIpAddresses": [{"id": "/ip"}],
                },
            });
            for (member, value) in change.as_object().unwrap() {
                match member.as_str() {
                    "tags" => gateway["tags"] = value.clone(),
                    member => gateway["properties"][member] = value.clone(),
                }
            }
            let mut found = Findings::default();
            by_gateway(&mut found, &run(), "/a/subnets/nodes", &[gateway]);
            assert_eq!(found.wrong.join("; "), expected);
        };
        check(json!({}), "");
        let none = "no NAT gateway serves /a/subnets/nodes, so nodes have no way out";
        check(json!({"subnets": [{"id": "/b/subnets/nodes"}]}), none);
        check(json!({"subnets": null}), none);
        check(
            json!({"provisioningState": "Updating"}),
            "NAT gateway nat is Updating",
        );
        check(
            json!({"tags": {"kubeproof:run": "r2"}}),
            "NAT gateway nat does not carry the run's tag",
        );
        check(
            json!({"publicIpAddresses": []}),
            "NAT gateway nat has no public address",
        );
    }

    #[test]
    fn another_outbound_type_than_asked_for_is_told() {
        let check = |asked, shown, expected: usize| {
            let mut found = Findings::default();
            as_asked(&mut found, asked, shown);
            assert_eq!(found.wrong.len(), expected, "{:?}", found.wrong);
        };
        check(Outbound::LoadBalancer, "loadBalancer", 0);
        check(Outbound::LoadBalancer, "userAssignedNATGateway", 1);
        check(Outbound::NatGateway, "userAssignedNATGateway", 0);
        check(Outbound::NatGateway, "managedNATGateway", 1);
    }
}
