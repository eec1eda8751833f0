//! The network interfaces and public addresses of load balancers, which outlive the balancers themselves.

use std::collections::BTreeMap;

use crate::billing::usage;
use crate::ec2;
use crate::ec2::interfaces::{NewInterface, PublicAddress};
use crate::state::State;
use crate::wire::error::AwsError;

/// What a balancer holds in its subnets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BalancerInterfaces {
    /// Its interfaces; the public address of each is metered under its id.
    pub interface_ids: Vec<String>,
}

/// What a new balancer requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterfaceRequest {
    /// The description of the interfaces.
    pub description: String,
    /// One interface in each.
    pub subnet_ids: Vec<String>,
    /// The security groups of the interfaces.
    pub group_ids: Vec<String>,
    /// Whether each interface has a public address.
    pub public: bool,
    /// The run that pays.
    pub run_id: Option<String>,
}

/// The VPC of the subnets.
///
/// # Errors
/// `SubnetNotFound` when there is no subnet, or one is unknown; `InvalidConfigurationRequest` when
/// they are in different VPCs.
pub fn vpc_of(state: &State, subnet_ids: &[String]) -> Result<String, AwsError> {
    let mut found: Option<&str> = None;
    for id in subnet_ids {
        let subnet = ec2::subnets::get(state, id).ok_or_else(|| no_subnet(id))?;
        if found.is_some_and(|vpc_id| vpc_id != subnet.vpc_id) {
            return Err(AwsError::new(
                400,
                "InvalidConfigurationRequest",
                "All subnets must belong to the same VPC.",
            ));
        }
        found = Some(&subnet.vpc_id);
    }
    found.map(str::to_owned).ok_or_else(|| no_subnet(""))
}

fn no_subnet(id: &str) -> AwsError {
    AwsError::new(
        400,
        "SubnetNotFound",
        format!("The subnet ID '{id}' does not exist"),
    )
}

/// Creates one interface in each subnet, with a public address if the balancer faces the internet.
///
/// # Errors
/// EC2's own; interfaces created before the error are removed again.
pub fn hold(state: &mut State, asked: InterfaceRequest) -> Result<BalancerInterfaces, AwsError> {
    let mut held = BalancerInterfaces::default();
    for subnet_id in asked.subnet_ids {
        let new = NewInterface {
            subnet_id,
            description: asked.description.clone(),
            interface_type: "interface".to_owned(),
            requester_managed: true,
            group_ids: asked.group_ids.clone(),
            tags: BTreeMap::new(),
            instance_id: None,
            delete_on_termination: false,
        };
        match ec2::interfaces::create(state, new) {
            Ok(id) => {
                if asked.public {
                    map_public(state, &id, asked.run_id.as_deref());
                }
                held.interface_ids.push(id);
            }
            Err(error) => {
                release(state, &held);
                return Err(error);
            }
        }
    }
    Ok(held)
}

/// Releases what a deleted balancer held.
pub fn release(state: &mut State, held: &BalancerInterfaces) {
    for id in &held.interface_ids {
        usage::stop(state, id);
        ec2::interfaces::delete_internal(state, id);
    }
}

/// A mapped public address keeps an internet gateway attached, like any other.
fn map_public(state: &mut State, id: &str, run_id: Option<&str>) {
    let ip = ec2::addresses::next_public(state);
    if let Some(interface) = state.ec2.interfaces.get_mut(id) {
        interface.public = Some(PublicAddress { ip, elastic: None });
    }
    usage::public_ipv4(state, id, true, run_id);
}
