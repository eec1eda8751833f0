//! Network ACLs: each subnet has one, the default one at first, and their rules decide whether machines reach the
//! internet.

use kubeproof_aws_simulator::ec2::acls;

use super::account::{Account, subnet, vpc};

fn made(account: &mut Account, vpc: &str) -> String {
    account
        .ok("CreateNetworkAcl", &[("VpcId", vpc)])
        .first("networkAclId")
}

/// The id of a subnet's association and of its ACL.
fn of(account: &mut Account, subnet: &str) -> (String, String) {
    let filter = [
        ("Filter.1.Name", "association.subnet-id"),
        ("Filter.1.Value.1", subnet),
    ];
    let seen = account.ok("DescribeNetworkAcls", &filter);
    let (ids, subnets) = (seen.all("networkAclAssociationId"), seen.all("subnetId"));
    let at = subnets
        .iter()
        .position(|one| one == subnet)
        .expect("the subnet");
    (ids[at].clone(), seen.first("networkAclId"))
}

fn join(account: &mut Account, subnet: &str, acl: &str) {
    let (association, _) = of(account, subnet);
    let params = [
        ("AssociationId", association.as_str()),
        ("NetworkAclId", acl),
    ];
    account.ok("ReplaceNetworkAclAssociation", &params);
}

fn allow(
    account: &mut Account,
    acl: &str,
    number: &str,
    egress: &str,
    ports: Option<(&str, &str)>,
) {
    let mut params = vec![
        ("NetworkAclId", acl),
        ("RuleNumber", number),
        ("Egress", egress),
        ("Protocol", "tcp"),
        ("RuleAction", "allow"),
        ("CidrBlock", "0.0.0.0/0"),
    ];
    let (from, to) = ports.unwrap_or(("0", "65535"));
    params.extend([("PortRange.From", from), ("PortRange.To", to)]);
    account.ok("CreateNetworkAclEntry", &params);
}

#[test]
fn an_acl_cannot_be_deleted_while_a_subnet_has_it_and_the_default_one_never() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, "10.0.1.0/24");
    account.pass(5);
    let (_, default) = of(&mut account, &subnet);
    let acl = made(&mut account, &vpc);
    account.pass(5);
    join(&mut account, &subnet, &acl);
    account.refused(
        "DeleteNetworkAcl",
        &[("NetworkAclId", &acl)],
        "DependencyViolation",
    );
    account.refused(
        "DeleteNetworkAcl",
        &[("NetworkAclId", &default)],
        "InvalidParameterValue",
    );
    account.ok("DeleteSubnet", &[("SubnetId", &subnet)]);
    account.refused("DeleteVpc", &[("VpcId", &vpc)], "DependencyViolation");
    account.ok("DeleteNetworkAcl", &[("NetworkAclId", &acl)]);
    account.ok("DeleteVpc", &[("VpcId", &vpc)]);
}

#[test]
fn machines_reach_the_internet_only_if_the_call_may_leave_and_the_answer_may_enter() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let subnet = subnet(&mut account, &vpc, "10.0.1.0/24");
    account.pass(5);
    let acl = made(&mut account, &vpc);
    account.pass(5);
    assert!(
        acls::lets_out(account.state(), &subnet),
        "the default ACL allows all"
    );
    join(&mut account, &subnet, &acl);
    assert!(
        !acls::lets_out(account.state(), &subnet),
        "a new one denies all"
    );
    allow(&mut account, &acl, "100", "true", Some(("443", "443")));
    assert!(
        !acls::lets_out(account.state(), &subnet),
        "no answer enters"
    );
    allow(&mut account, &acl, "100", "false", Some(("1024", "65535")));
    assert!(acls::lets_out(account.state(), &subnet));
    let deny = [
        ("NetworkAclId", acl.as_str()),
        ("RuleNumber", "50"),
        ("Egress", "true"),
        ("Protocol", "-1"),
        ("RuleAction", "deny"),
        ("CidrBlock", "0.0.0.0/0"),
    ];
    account.ok("CreateNetworkAclEntry", &deny);
    assert!(
        !acls::lets_out(account.state(), &subnet),
        "the lower number decides"
    );
}

#[test]
fn rules_are_refused_that_are_there_already_or_have_no_number() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let acl = made(&mut account, &vpc);
    allow(&mut account, &acl, "100", "false", None);
    let mut check = |number: &str, action: &str, code: &str| {
        let params = [
            ("NetworkAclId", acl.as_str()),
            ("RuleNumber", number),
            ("Egress", "false"),
            ("Protocol", "-1"),
            ("RuleAction", "allow"),
            ("CidrBlock", "0.0.0.0/0"),
        ];
        account.refused(action, &params, code);
    };
    check(
        "100",
        "CreateNetworkAclEntry",
        "NetworkAclEntryAlreadyExists",
    );
    check("32767", "CreateNetworkAclEntry", "InvalidParameterValue");
    check(
        "7",
        "ReplaceNetworkAclEntry",
        "InvalidNetworkAclEntry.NotFound",
    );
    check(
        "7",
        "DeleteNetworkAclEntry",
        "InvalidNetworkAclEntry.NotFound",
    );
}
