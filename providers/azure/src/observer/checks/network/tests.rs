//! Networks that are as asked for, and those that are not.

use serde_json::json;

use super::super::cluster::tests::run;
use super::*;
use crate::spec::tests::spec;

const NETWORK: &str =
    "/subscriptions/s/resourceGroups/kp-r1/providers/Microsoft.Network/virtualNetworks/kp-r1-net";

fn network(ranges: &[&str], subnet: &str, tags: &Value) -> Value {
    json!({
        "id": NETWORK, "name": "kp-r1-net", "location": "eastus", "tags": tags,
        "properties": {
            "provisioningState": "Succeeded", "addressSpace": {"addressPrefixes": ranges},
            "subnets": [{"id": format!("{NETWORK}/subnets/nodes"),
                "properties": {"provisioningState": "Succeeded", "addressPrefix": subnet}}],
        },
    })
}

#[test]
fn the_runs_own_network_has_the_range_and_the_tag_that_was_asked_for() {
    let ours = json!({"kubeproof:run": "r1"});
    let check = |shown: Option<&Value>, expected: &str| {
        let mut found = Findings::default();
        let subnet = format!("{NETWORK}/SUBNETS/nodes");
        own(&mut found, &spec(json!({})), &run(), &subnet, shown);
        assert_eq!(found.wrong.join("; "), expected);
    };
    check(Some(&network(&["10.1.0.0/16"], "10.1.0.0/18", &ours)), "");
    check(
        Some(&network(&["10.2.0.0/16"], "10.1.0.0/18", &ours)),
        "kp-r1-net has the ranges 10.2.0.0/16, asked for 10.1.0.0/16",
    );
    check(
        Some(&network(
            &["10.1.0.0/16", "10.9.0.0/16"],
            "10.1.0.0/18",
            &ours,
        )),
        "kp-r1-net has the ranges 10.1.0.0/16, 10.9.0.0/16, asked for 10.1.0.0/16",
    );
    check(
        Some(&network(&["10.1.0.0/16"], "10.9.0.0/18", &ours)),
        "its subnet has the ranges 10.9.0.0/18, not in 10.1.0.0/16",
    );
    check(
        Some(&network(&["10.1.0.0/16"], "10.1.0.0/18", &json!({}))),
        "kp-r1-net does not carry the run's tag",
    );
    check(
        None,
        &format!("the network of {NETWORK}/SUBNETS/nodes is not there"),
    );
}

fn pool(subnet: &str) -> Pool {
    serde_json::from_value(json!({"properties": {"vnetSubnetID": subnet}})).unwrap()
}

#[test]
fn all_pools_are_in_one_subnet() {
    let check = |pools: &[Pool], expected: Option<&str>| {
        let mut found = Findings::default();
        let seen = one_subnet(&mut found, pools);
        assert_eq!(seen.as_deref(), expected);
        assert_eq!(found.wrong.is_empty(), expected.is_some());
    };
    check(&[pool("/a"), pool("/A")], Some("/a"));
    check(&[pool("/a"), pool("/b")], None);
    check(&[Pool::default()], None);
    check(&[], None);
}

#[test]
fn a_rule_that_lets_anyone_in_is_told_and_others_are_not() {
    let check = |direction: &str, access: &str, source: &str, expected: bool| {
        let rule = json!({"name": "r", "properties": {"direction": direction, "access": access,
            "sourceAddressPrefix": source}});
        assert_eq!(lets_anyone_in(&rule), expected, "{rule}");
    };
    check("Inbound", "Allow", "*", true);
    check("inbound", "allow", "Internet", true);
    check("Inbound", "Allow", "0.0.0.0/0", true);
    check("Inbound", "Allow", "10.0.0.0/8", false);
    check("Inbound", "Deny", "*", false);
    check("Outbound", "Allow", "*", false);
    let many = json!({"properties": {"direction": "Inbound", "access": "Allow",
        "sourceAddressPrefixes": ["10.0.0.0/8", "0.0.0.0/0"]}});
    assert!(lets_anyone_in(&many));
    let mut found = Findings::default();
    let open = json!({"name": "g", "properties": {"securityRules": [{"name": "r",
        "properties": many["properties"]}]}});
    ways_in(&mut found, &[open]);
    assert_eq!(
        found.wrong,
        ["rule r of g lets anyone in, which was not asked for"]
    );
}

#[test]
fn only_what_is_in_the_clusters_groups_is_judged() {
    let in_group = |group: &str| json!({"id": format!("/subscriptions/s/resourceGroups/{group}/providers/a/b/c")});
    let all = vec![in_group("MC_a"), in_group("other")];
    assert_eq!(in_groups(all, &["mc_A".to_owned()]).len(), 1);
}
