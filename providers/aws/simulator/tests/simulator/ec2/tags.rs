//! Tags: on creation and later, and those that only AWS sets.

use super::account::{Account, Network, vpc};

#[test]
fn tags_can_be_added_overwritten_and_removed() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let tags = |account: &mut Account| {
        let found = account.ok("DescribeVpcs", &[("VpcId.1", &vpc)]);
        found
            .all("key")
            .into_iter()
            .zip(found.all("value"))
            .collect::<Vec<_>>()
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let id = ("ResourceId.1", vpc.as_str());
    account.ok(
        "CreateTags",
        &[id, ("Tag.1.Key", "a"), ("Tag.1.Value", "1")],
    );
    account.ok(
        "CreateTags",
        &[id, ("Tag.1.Key", "a"), ("Tag.1.Value", "2")],
    );
    assert_eq!(
        tags(&mut account),
        [pair("a", "2"), pair("kubeproof:run", "r1")]
    );
    account.ok(
        "DeleteTags",
        &[id, ("Tag.1.Key", "a"), ("Tag.1.Value", "1")],
    );
    assert_eq!(tags(&mut account).len(), 2, "another value is not removed");
    account.ok("DeleteTags", &[id, ("Tag.1.Key", "a")]);
    assert_eq!(tags(&mut account), [pair("kubeproof:run", "r1")]);
}

#[test]
fn tags_of_aws_can_be_neither_set_nor_removed() {
    let mut account = Account::new();
    let vpc = vpc(&mut account);
    let on_create = [
        ("CidrBlock", "10.1.0.0/16"),
        ("TagSpecification.1.ResourceType", "vpc"),
        ("TagSpecification.1.Tag.1.Key", "aws:eks:cluster-name"),
        ("TagSpecification.1.Tag.1.Value", "c"),
    ];
    account.refused("CreateVpc", &on_create, "InvalidParameterValue");
    let later = [
        ("ResourceId.1", vpc.as_str()),
        ("Tag.1.Key", "aws:x"),
        ("Tag.1.Value", "y"),
    ];
    account.refused("CreateTags", &later, "InvalidParameterValue");
    account.refused("DeleteTags", &later, "InvalidParameterValue");
}

#[test]
fn a_tag_specification_for_another_resource_type_is_refused() {
    let mut account = Account::new();
    let before = account.inventory();
    let params = super::account::tagged("subnet", &[("CidrBlock", "10.1.0.0/16")]);
    account.refused("CreateVpc", &params, "InvalidParameterValue");
    assert_eq!(account.inventory(), before);
}

#[test]
fn a_list_of_tags_can_be_narrowed_by_resource_type_key_and_value() {
    let mut account = Account::new();
    let network = Network::build(&mut account);
    let params = [
        ("Filter.1.Name", "resource-type"),
        ("Filter.1.Value.1", "natgateway"),
        ("Filter.2.Name", "key"),
        ("Filter.2.Value.1", "kubeproof:run"),
        ("Filter.3.Name", "value"),
        ("Filter.3.Value.1", "r1"),
    ];
    assert_eq!(
        account.ok("DescribeTags", &params).all("resourceId"),
        [network.nat]
    );
}

#[test]
fn tagging_what_is_not_there_is_refused() {
    let mut account = Account::new();
    let params = [
        ("ResourceId.1", "vpc-0123456789abcdef0"),
        ("Tag.1.Key", "a"),
        ("Tag.1.Value", "b"),
    ];
    account.refused("CreateTags", &params, "InvalidVpcID.NotFound");
}
