//! Further networks of a VPC, as clusters use them for their pods.
//!
//! Facts: VPC user guide, "VPC CIDR blocks", and the EC2 API reference.

use std::collections::BTreeMap;

use ipnet::Ipv4Net;

use crate::ec2::describe::{need, need_param};
use crate::ec2::vpcs::{Vpc, network};
use crate::ec2::{Operations, errors};
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::error::AwsError;
use crate::wire::response::{Answer, Outcome};
use crate::wire::xml::Node;

/// Most networks of a VPC, the first one included (AWS's default quota).
const NETWORKS_MAX: usize = 5;
/// The private ranges, of which a VPC may use only that of its first network.
const PRIVATE: [&str; 3] = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/// The further networks of a VPC, by the id of their association.
pub type Networks = BTreeMap<String, Ipv4Net>;

/// The operations on further networks.
pub const OPERATIONS: Operations = &[
    ("AssociateVpcCidrBlock", associate),
    ("DisassociateVpcCidrBlock", disassociate),
];

/// All networks of a VPC with the ids of their associations, the first one first.
pub fn all(vpc: &Vpc) -> impl Iterator<Item = (&str, Ipv4Net)> {
    let more = vpc.more.iter().map(|(id, net)| (id.as_str(), *net));
    std::iter::once((vpc.association_id.as_str(), vpc.cidr)).chain(more)
}

/// Whether a network lies in one of the VPC's.
pub fn holds(vpc: &Vpc, network: &Ipv4Net) -> bool {
    all(vpc).any(|(_, one)| one.contains(network))
}

/// Whether a network overlaps with one of the VPC's.
pub fn overlaps(vpc: &Vpc, network: &Ipv4Net) -> bool {
    all(vpc).any(|(_, one)| one.contains(network) || network.contains(&one))
}

/// The association of a network as an item.
pub fn item(id: &str, network: Ipv4Net, state: &str) -> Node {
    Node::new()
        .text("associationId", id)
        .text("cidrBlock", network)
        .node("cidrBlockState", Node::new().text("state", state))
}

fn associate(state: &mut State, call: &Call) -> Outcome {
    let id = need_param::<Vpc>(state, call, "VpcId")?;
    for name in [
        "AmazonProvidedIpv6CidrBlock",
        "Ipv6CidrBlock",
        "Ipv4IpamPoolId",
    ] {
        if call.params.get(name).is_some_and(|given| given != "false") {
            let what = format!("AssociateVpcCidrBlock with {name}");
            return Err(AwsError::unknown_operation("ec2", &what));
        }
    }
    let text = call.params.need("CidrBlock")?;
    let network = network(text, "cidrBlock")?;
    admit(need::<Vpc>(state, &id)?, network)?;
    let association = state.ids.prefixed("vpc-cidr-assoc-");
    if let Some(vpc) = state.ec2.vpcs.get_mut(&id) {
        vpc.more.insert(association.clone(), network);
    }
    let node = Node::new()
        .node(
            "cidrBlockAssociation",
            item(&association, network, "associating"),
        )
        .text("vpcId", id);
    Ok(Answer::Xml(node))
}

fn admit(vpc: &Vpc, network: Ipv4Net) -> Result<(), AwsError> {
    let refused = |why: &str| {
        let message = format!("The CIDR '{network}' {why}");
        Err(errors::refuse("InvalidVpc.Range", message))
    };
    if !(16..=28).contains(&network.prefix_len()) {
        return refused("is invalid.");
    }
    let of_range = |net: &Ipv4Net| {
        let ranges = PRIVATE
            .iter()
            .filter_map(|range| range.parse::<Ipv4Net>().ok());
        ranges.into_iter().find(|range| range.contains(net))
    };
    let (first, wanted) = (of_range(&vpc.cidr), of_range(&network));
    if wanted.is_some() && first.is_some() && wanted != first {
        return refused(
            "is restricted. Use a CIDR from the same private address range as the current VPC CIDR.",
        );
    }
    if overlaps(vpc, &network) {
        return refused("conflicts with another one of the VPC.");
    }
    if all(vpc).count() >= NETWORKS_MAX {
        let message = format!(
            "This network '{}' has met its maximum number of allowed CIDRs: {NETWORKS_MAX}",
            vpc.meta.id
        );
        return Err(errors::refuse("CidrLimitExceeded", message));
    }
    Ok(())
}

fn disassociate(state: &mut State, call: &Call) -> Outcome {
    let association = call.params.need("AssociationId")?.to_owned();
    let found = state.ec2.vpcs.all().find_map(|vpc| {
        let network = vpc.more.get(&association)?;
        Some((vpc.meta.id.clone(), *network))
    });
    let Some((id, network)) = found else {
        return Err(refuse_unknown(state, &association));
    };
    let mut subnets = state.ec2.subnets.all();
    if subnets.any(|subnet| subnet.vpc_id == id && network.contains(&subnet.cidr)) {
        let message =
            format!("The vpc CIDR block '{network}' has dependencies and cannot be disassociated.");
        return Err(errors::dependency(message));
    }
    if let Some(vpc) = state.ec2.vpcs.get_mut(&id) {
        vpc.more.remove(&association);
    }
    let node = Node::new()
        .node(
            "cidrBlockAssociation",
            item(&association, network, "disassociating"),
        )
        .text("vpcId", id);
    Ok(Answer::Xml(node))
}

/// The first network of a VPC stays; others do not exist.
fn refuse_unknown(state: &State, association: &str) -> AwsError {
    let mut vpcs = state.ec2.vpcs.all();
    if vpcs.any(|vpc| vpc.association_id == association) {
        let message = format!(
            "The vpc CIDR block with association ID {association} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
        );
        return errors::refuse("OperationNotPermitted", message);
    }
    errors::refuse(
        "InvalidVpcCidrBlockAssociationID.NotFound",
        format!("The vpc CIDR block association ID '{association}' does not exist"),
    )
}
