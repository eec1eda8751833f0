//! Security groups and rules: in both forms, one by one and grouped.

use super::account::{Account, group, vpc};

/// A group of a new VPC.
fn new() -> (Account, String) {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let group = group(&mut account, &vpc, "nodes");
    (account, group)
}

fn rules(account: &mut Account, group: &str) -> Vec<String> {
    let params = [("Filter.1.Name", "group-id"), ("Filter.1.Value.1", group)];
    account
        .ok("DescribeSecurityGroupRules", &params)
        .all("securityGroupRuleId")
}

/// What terraform sends to make a group deny everything.
fn egress<'a>(group: &'a str, range: &'a str, cidr: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.FromPort", "0"),
        ("IpPermissions.1.ToPort", "0"),
        (range, cidr),
    ]
}

#[test]
fn a_new_group_lets_everything_out_until_that_rule_is_revoked() {
    let (mut account, group) = new();
    assert_eq!(rules(&mut account, &group).len(), 1);
    let ipv4 = egress(&group, "IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0");
    account.ok("RevokeSecurityGroupEgress", &ipv4);
    assert_eq!(rules(&mut account, &group).len(), 0);
    let ipv6 = egress(&group, "IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0");
    account.refused(
        "RevokeSecurityGroupEgress",
        &ipv6,
        "InvalidPermission.NotFound",
    );
    account.ok("AuthorizeSecurityGroupEgress", &ipv4);
    let found = account
        .ok("DescribeSecurityGroups", &[("GroupId.1", &group)])
        .0;
    assert!(
        found.contains("<ipPermissionsEgress><item><ipProtocol>-1</ipProtocol>"),
        "{found}"
    );
}

#[test]
fn a_permission_with_several_networks_makes_a_rule_of_each() {
    let (mut account, group) = new();
    let params = [
        ("GroupId", group.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "443"),
        ("IpPermissions.1.ToPort", "443"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/8"),
        ("IpPermissions.1.IpRanges.1.Description", "inside"),
        ("IpPermissions.1.IpRanges.2.CidrIp", "192.168.0.0/16"),
        ("IpPermissions.1.Groups.1.GroupId", group.as_str()),
        ("TagSpecification.1.ResourceType", "security-group-rule"),
        ("TagSpecification.1.Tag.1.Key", "a"),
        ("TagSpecification.1.Tag.1.Value", "b"),
    ];
    let made = account.ok("AuthorizeSecurityGroupIngress", &params);
    assert_eq!(made.all("securityGroupRuleId").len(), 3);
    assert_eq!(made.all("key"), ["a", "a", "a"]);
    assert_eq!(made.all("cidrIpv4"), ["10.0.0.0/8", "192.168.0.0/16"]);
    let shown = account.ok("DescribeSecurityGroups", &[("GroupId.1", &group)]);
    assert_eq!(
        shown.all("fromPort"),
        ["443"],
        "one permission with all three peers"
    );
    assert_eq!(
        shown.all("cidrIp"),
        ["10.0.0.0/8", "192.168.0.0/16", "0.0.0.0/0"]
    );
    let first = made.first("securityGroupRuleId");
    let by_id = [
        ("GroupId", group.as_str()),
        ("SecurityGroupRuleId.1", first.as_str()),
    ];
    account.ok("RevokeSecurityGroupIngress", &by_id);
    assert_eq!(
        rules(&mut account, &group).len(),
        3,
        "two, and that for leaving"
    );
    account.refused(
        "RevokeSecurityGroupIngress",
        &by_id,
        "InvalidSecurityGroupRuleId.NotFound",
    );
}

#[test]
fn of_several_rules_none_is_made_when_one_is_refused() {
    let (mut account, group) = new();
    let before = rules(&mut account, &group);
    for (bad, code) in [
        ("10.0.0.0/8", "InvalidPermission.Duplicate"),
        ("10.0.0.0/33", "InvalidParameterValue"),
    ] {
        let params = [
            ("GroupId", group.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", "22"),
            ("IpPermissions.1.ToPort", "22"),
            ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/8"),
            ("IpPermissions.1.IpRanges.2.CidrIp", bad),
        ];
        account.refused("AuthorizeSecurityGroupIngress", &params, code);
        assert_eq!(rules(&mut account, &group), before);
    }
}

/// Checks that a TCP rule with these ports is refused.
fn check_ports(from: &str, to: &str) {
    let (mut account, group) = new();
    let params = [
        ("GroupId", group.as_str()),
        ("IpProtocol", "tcp"),
        ("CidrIp", "0.0.0.0/0"),
        ("FromPort", from),
        ("ToPort", to),
    ];
    account.refused(
        "AuthorizeSecurityGroupIngress",
        &params,
        "InvalidParameterValue",
    );
}

#[test]
fn ports_that_cannot_be_are_refused() {
    check_ports("443", "80");
    check_ports("-1", "443");
    check_ports("1", "65536");
    check_ports("http", "80");
}

#[test]
fn the_quota_of_rules_counts_each_direction() {
    let mut account = Account::with(|setup| {
        setup.quotas.insert("L-0EA8095F".to_owned(), 1);
    });
    let vpc = vpc(&mut account);
    let group = group(&mut account, &vpc, "nodes");
    let rule = |port: &'static str| {
        let ports = [("IpProtocol", "tcp"), ("FromPort", port), ("ToPort", port)];
        [
            &[("GroupId", group.as_str()), ("CidrIp", "0.0.0.0/0")][..],
            &ports,
        ]
        .concat()
    };
    account.ok("AuthorizeSecurityGroupIngress", &rule("80"));
    let code = "RulesPerSecurityGroupLimitExceeded";
    account.refused("AuthorizeSecurityGroupIngress", &rule("443"), code);
}

#[test]
fn groups_that_refer_to_each_other_can_be_deleted_once_the_rules_are_revoked() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let (a, b) = (
        group(&mut account, &vpc, "a"),
        group(&mut account, &vpc, "b"),
    );
    account.ok(
        "AuthorizeSecurityGroupIngress",
        &super::account::from_group(&a, &b),
    );
    account.ok(
        "AuthorizeSecurityGroupIngress",
        &super::account::from_group(&b, &a),
    );
    for group in [&a, &b] {
        account.refused(
            "DeleteSecurityGroup",
            &[("GroupId", group)],
            "DependencyViolation",
        );
    }
    account.ok(
        "RevokeSecurityGroupIngress",
        &super::account::from_group(&a, &b),
    );
    account.ok("DeleteSecurityGroup", &[("GroupId", &b)]);
    account.ok("DeleteSecurityGroup", &[("GroupId", &a)]);
}
