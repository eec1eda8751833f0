//! Tests of the judgement of security group rules.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{
    IpRange, Ipv6Range, PrefixListId, UserIdGroupPair, Vpc, VpcCidrBlockAssociation,
    VpcCidrBlockState, VpcCidrBlockStateCode, VpcIpv6CidrBlockAssociation,
};

use super::*;

/// A VPC with two further ranges, one next to the first, one elsewhere, one of IPv6, and one that has gone.
fn vpc() -> Vpc {
    let further = |range: &str, state: VpcCidrBlockStateCode| {
        let state = VpcCidrBlockState::builder().state(state).build();
        let one = VpcCidrBlockAssociation::builder().cidr_block(range);
        one.cidr_block_state(state).build()
    };
    let of_6 = VpcIpv6CidrBlockAssociation::builder().ipv6_cidr_block("2600:1f18::/56");
    Vpc::builder()
        .vpc_id("vpc-1")
        .cidr_block("10.0.0.0/16")
        .cidr_block_association_set(further("10.0.0.0/16", VpcCidrBlockStateCode::Associated))
        .cidr_block_association_set(further("10.1.0.0/16", VpcCidrBlockStateCode::Associated))
        .cidr_block_association_set(further("100.64.0.0/16", VpcCidrBlockStateCode::Associated))
        .cidr_block_association_set(further("10.9.0.0/16", VpcCidrBlockStateCode::Disassociated))
        .ipv6_cidr_block_association_set(of_6.build())
        .build()
}

fn wrong(ingress: &str, rules: Vec<IpPermission>) -> Vec<String> {
    let text = format!(
        r#"{{"kubernetes_version":"1.34","ingress":{ingress},
            "node_groups":[{{"name":"n","instance_type":"t3.medium","count":2}}]}}"#
    );
    let spec: EksSpec = serde_json::from_str(&text).unwrap();
    let everywhere = IpRange::builder().cidr_ip(ANYWHERE).build();
    let out = IpPermission::builder()
        .ip_protocol("-1")
        .ip_ranges(everywhere)
        .build();
    let group = SecurityGroup::builder()
        .group_id("sg-1")
        .group_name("nodes")
        .set_ip_permissions(Some(rules))
        .ip_permissions_egress(out)
        .build();
    let peer = SecurityGroup::builder()
        .group_id("sg-2")
        .group_name("default");
    let all = [group.clone(), peer.build()];
    let list = |ranges: &[&str]| ranges.iter().map(|one| (*one).to_owned()).collect();
    let lists = BTreeMap::from([
        ("pl-in".to_owned(), list(&["10.0.8.0/24", "100.64.0.0/20"])),
        (
            "pl-out".to_owned(),
            list(&["10.0.8.0/24", "198.51.100.0/24"]),
        ),
    ]);
    let vpcs = [vpc()];
    judge(&spec, &[group], &InsideRanges::of(&vpcs, &all, lists)).wrong
}

fn tcp(port: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
    let rule = IpPermission::builder().ip_protocol("tcp");
    rule.from_port(port).to_port(port)
}

fn from(cidr: &str, port: i32) -> IpPermission {
    let range = IpRange::builder().cidr_ip(cidr).build();
    tcp(port).ip_ranges(range).build()
}

fn from_6(cidr: &str) -> IpPermission {
    let range = Ipv6Range::builder().cidr_ipv6(cidr).build();
    tcp(443).ipv6_ranges(range).build()
}

fn from_list(id: &str) -> IpPermission {
    let list = PrefixListId::builder().prefix_list_id(id).build();
    tcp(443).prefix_list_ids(list).build()
}

fn group(id: &str) -> IpPermission {
    let pair = UserIdGroupPair::builder().group_id(id).build();
    IpPermission::builder()
        .ip_protocol("-1")
        .user_id_group_pairs(pair)
        .build()
}

#[test]
fn traffic_inside_the_vpc_needs_no_asking_and_traffic_from_outside_does() {
    let check = |rule: IpPermission, expected: &str| {
        let wrong = wrong("[]", vec![rule.clone()]);
        assert_eq!(wrong.is_empty(), expected.is_empty(), "{rule:?}: {wrong:?}");
        assert!(wrong.join("; ").contains(expected), "{rule:?}: {wrong:?}");
    };
    // The VPC's own range, as nearly every module has it on the control plane, and parts of it.
    check(from("10.0.0.0/16", 443), "");
    check(from("10.0.128.0/20", 443), "");
    check(from("10.0.0.7/32", 22), "");
    // Further ranges, together with the first one too; IPv6.
    check(from("100.64.0.0/16", 443), "");
    check(from("10.1.0.0/16", 443), "");
    check(from("10.0.0.0/15", 443), "");
    check(from_6("2600:1f18::/56"), "");
    check(from_6("2600:1f18:0:1::/64"), "");
    // Itself, another group of the VPC, a list of ranges inside.
    check(group("sg-1"), "");
    check(group("sg-2"), "");
    check(from_list("pl-in"), "");
    // Outside.
    check(from("10.0.0.0/8", 443), "lets 10.0.0.0/8 reach tcp 443");
    check(from("10.9.0.0/16", 443), "lets 10.9.0.0/16 reach");
    check(from("0.0.0.0/0", 443), "0.0.0.0/0 (everywhere)");
    check(from_6("::/0"), "::/0 (everywhere)");
    check(from_6("2600:1f19::/56"), "2600:1f19::/56");
    check(
        group("sg-9"),
        "sg-1 lets sg-9 reach all ports, not asked for",
    );
    check(from_list("pl-out"), "lets pl-out reach");
    check(from_list("pl-9"), "lets pl-9 reach");
}

#[test]
fn a_rule_that_was_not_asked_for_is_too_wide() {
    let asked = r#"[{"port":22,"cidr":"203.0.113.0/24"}]"#;
    assert_eq!(
        wrong(asked, vec![from("203.0.113.0/24", 22)]),
        Vec::<String>::new()
    );
    assert_eq!(
        wrong(
            asked,
            vec![from("203.0.113.0/24", 22), from("0.0.0.0/0", 22)]
        ),
        ["sg-1 lets 0.0.0.0/0 (everywhere) reach tcp 22, not asked for"]
    );
}

#[test]
fn a_rule_that_was_asked_for_must_be_there() {
    let asked = r#"[{"port":22,"cidr":"203.0.113.0/24"}]"#;
    assert_eq!(
        wrong(asked, vec![]),
        ["no group lets 203.0.113.0/24 reach port 22"]
    );
}
