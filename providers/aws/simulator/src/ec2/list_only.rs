//! Resource types that can be listed but not created in the simulator, so their lists are always empty.
//!
//! Auditors must list these types; creating one answers 501, so nothing can be missed.

use crate::ec2::describe::list;
use crate::state::State;
use crate::wire::call::Call;
use crate::wire::response::Outcome;

/// Operation, name of the list in the response, and whether the list has pages.
const LISTS: &[(&str, &str, bool)] = &[
    ("DescribeSnapshots", "snapshotSet", true),
    ("DescribeKeyPairs", "keySet", false),
    ("DescribePlacementGroups", "placementGroupSet", false),
    (
        "DescribeVpcPeeringConnections",
        "vpcPeeringConnectionSet",
        true,
    ),
    (
        "DescribeCapacityReservations",
        "capacityReservationSet",
        true,
    ),
    ("DescribeFleets", "fleetSet", true),
    (
        "DescribeSpotFleetRequests",
        "spotFleetRequestConfigSet",
        true,
    ),
    (
        "DescribeTransitGatewayVpcAttachments",
        "transitGatewayVpcAttachments",
        true,
    ),
    ("DescribeVpnGateways", "vpnGatewaySet", false),
    ("DescribeVpnConnections", "vpnConnectionSet", false),
    ("DescribeManagedPrefixLists", "prefixListSet", true),
];

/// The names of these operations.
pub fn names() -> impl Iterator<Item = &'static str> {
    LISTS.iter().map(|(name, _, _)| *name)
}

/// Answers these operations with empty lists.
///
/// # Errors
/// For a page size or a token that is wrong.
pub fn describe(state: &mut State, call: &Call) -> Outcome {
    let found = LISTS.iter().find(|(name, _, _)| *name == call.action);
    let (set, paged) = found.map_or(("", false), |(_, set, paged)| (*set, *paged));
    list(state, call, set, Vec::new(), paged)
}
