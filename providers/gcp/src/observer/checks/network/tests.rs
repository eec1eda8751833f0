//! A network as asked for, and each way in which it can differ.

use serde_json::json;

use super::*;
use crate::spec::tests::spec;

const LINK: &str = "https://c/projects/p/global/networks/kp-r1";

fn around() -> Around {
    Around {
        network: serde_json::from_value(json!({"name": "kp-r1"})).expect("a network"),
        subnetwork: serde_json::from_value(json!({
            "name": "kp-r1-subnet", "network": LINK, "ipCidrRange": "10.0.0.0/20",
            "secondaryIpRanges": [
                {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"},
                {"rangeName": "services", "ipCidrRange": "10.8.0.0/20"},
            ],
        }))
        .expect("a subnetwork"),
        routes: vec![Route {
            network: LINK.to_owned(),
            dest_range: ANY.to_owned(),
            next_hop_gateway: "default-internet-gateway".to_owned(),
        }],
        firewalls: vec![firewall(
            json!({"name": "gke-kp-r1-0a-all", "targetTags": ["gke-kp-r1-0a-node"]}),
        )],
        routers: Vec::new(),
    }
}

fn firewall(change: Value) -> Firewall {
    let mut rule =
        json!({"network": LINK, "direction": "INGRESS", "allowed": [{"IPProtocol": "tcp"}]});
    if let (Some(rule), Value::Object(change)) = (rule.as_object_mut(), change) {
        rule.extend(change);
    }
    serde_json::from_value(rule).expect("a rule")
}

#[track_caller]
fn check(asked: Value, change: impl Fn(&mut Around), expected: &[&str]) {
    let mut around = around();
    change(&mut around);
    let cluster: Cluster = serde_json::from_value(json!({
        "name": "kp-r1", "ipAllocationPolicy": {
            "useIpAliases": true, "clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services",
        },
    }))
    .expect("a cluster");
    let run = Run::new("r1", "me", jiff::Timestamp::UNIX_EPOCH);
    let mut found = Findings::default();
    compare(&mut found, &spec(asked), &run, &cluster, &around);
    assert_eq!(found.wrong, expected);
}

#[test]
fn a_network_that_is_not_as_asked_for_is_told_point_by_point() {
    check(json!({}), |_| {}, &[]);
    let auto = "kp-r1 makes subnetworks in every region by itself";
    check(
        json!({}),
        |it| it.network.auto_create_subnetworks = true,
        &[auto],
    );
    let wrong = "the range of pods is none, asked for 10.4.0.0/14";
    check(
        json!({}),
        |it| drop(it.subnetwork.secondary_ip_ranges.remove(0)),
        &[wrong],
    );
    let wrong = "the range of nodes is 10.0.0.0/22, asked for 10.0.0.0/20";
    check(
        json!({}),
        |it| it.subnetwork.ip_cidr_range = "10.0.0.0/22".to_owned(),
        &[wrong],
    );
    check(
        json!({}),
        |it| it.routes.clear(),
        &["kp-r1 has no route to the internet"],
    );
    let none = "no firewall rule is for the cluster's machines";
    check(json!({}), |it| it.firewalls.clear(), &[none]);
}

#[test]
fn only_rules_of_services_may_let_everybody_in() {
    let add = |name: &'static str, more: Value| {
        move |it: &mut Around| {
            let mut rule = firewall(more.clone());
            rule.name = name.to_owned();
            it.firewalls.push(rule);
        }
    };
    let open = json!({"sourceRanges": [ANY]});
    check(
        json!({}),
        add("ssh", open.clone()),
        &["firewall rule ssh lets everybody in"],
    );
    check(json!({}), add("k8s-fw-a0", open), &[]);
    check(
        json!({}),
        add("deny", json!({"sourceRanges": [ANY], "allowed": []})),
        &[],
    );
    check(
        json!({}),
        add("off", json!({"sourceRanges": [ANY], "disabled": true})),
        &[],
    );
    check(
        json!({}),
        add("out", json!({"sourceRanges": [ANY], "direction": "EGRESS"})),
        &[],
    );
}

#[test]
fn cloud_nat_is_there_only_when_it_was_asked_for() {
    let router = |region: &str| Router {
        name: "r".to_owned(),
        network: LINK.to_owned(),
        region: format!("x/regions/{region}"),
        nats: vec![json!({"name": "nat"})],
    };
    let here = |it: &mut Around| it.routers.push(router("us-central1"));
    let private = || json!({"network": {"private_nodes": true}});
    check(private(), here, &[]);
    check(
        private(),
        |_| {},
        &["0 gateways of Cloud NAT in the region, asked for 1"],
    );
    check(
        json!({}),
        here,
        &["1 gateways of Cloud NAT in the region, asked for 0"],
    );
    let elsewhere = |it: &mut Around| it.routers.push(router("us-east1"));
    check(json!({}), elsewhere, &["router r is in another region"]);
}
