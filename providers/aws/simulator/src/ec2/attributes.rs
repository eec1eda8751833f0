//! Account attributes: the platforms that the account supports, its default VPC, and its quotas.

use crate::ec2::describe::list;
use crate::ec2::{Operations, errors, vpcs};
use crate::quotas;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;
use crate::wire::xml::Node;

/// The operations on account attributes.
pub const OPERATIONS: Operations = &[("DescribeAccountAttributes", describe)];

fn describe(state: &mut State, call: &Call) -> Outcome {
    let addresses = quotas::limit(state, "L-0263D0A3").to_string();
    let all = [
        ("supported-platforms", "VPC".to_owned()),
        (
            "default-vpc",
            vpcs::default_id(state).unwrap_or_else(|| "none".to_owned()),
        ),
        ("max-elastic-ips", addresses.clone()),
        ("vpc-max-elastic-ips", addresses),
        ("vpc-max-security-groups-per-interface", "5".to_owned()),
    ];
    let wanted = call.params.list("AttributeName");
    if let Some(unknown) = wanted
        .iter()
        .find(|name| !all.iter().any(|(known, _)| known == name))
    {
        return Err(errors::bad_value(
            unknown,
            "attributeName",
            "Unknown attribute.",
        ));
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|one| one == name);
    let nodes = all
        .into_iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, value)| {
            let values = [Node::new().text("attributeValue", value)];
            Node::new()
                .text("attributeName", name)
                .list("attributeValueSet", "item", values)
        });
    list(state, call, "accountAttributeSet", nodes.collect(), false)
}
