//! Chooses the availability zones of a run: those that offer all instance types, in a fixed order.
//!
//! Every process of a run must choose the same ones.

use aws_sdk_ec2::types::{AvailabilityZone, LocationType};
use futures::join;
use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::error::both;

use crate::provisioner::requests::{IDEMPOTENT, pages, send};
use crate::provisioner::session::Session;
use crate::provisioner::tags::filter;

/// Zones, by id, in which EKS places no control plane (EKS user guide, network requirements).
const WITHOUT_EKS: &[&str] = &["use1-az3", "usw1-az2", "cac1-az3"];

/// Chooses the zones.
///
/// # Errors
/// When they cannot be read, or too few offer all instance types.
pub(crate) async fn choose(session: &Session) -> Result<Vec<String>, CallError> {
    let (zones, offerings) = both(join!(available(session), offered(session)))?;
    let types = instance_types(session);
    let fitting: Vec<String> = zones
        .into_iter()
        .filter(|zone| {
            types.iter().all(|wanted| {
                offerings
                    .iter()
                    .any(|(place, offered)| place == zone && offered == wanted)
            })
        })
        .collect();
    let wanted = usize::from(session.spec.availability_zones.0);
    if fitting.len() < wanted {
        return Err(CallError::state(
            "choose zones",
            format!(
                "only {} zones of {} offer {}: [{}]; ask for fewer zones or another instance type",
                fitting.len(),
                session.spec.region.0,
                types.join(", "),
                fitting.join(", ")
            ),
        ));
    }
    Ok(fitting.into_iter().take(wanted).collect())
}

fn instance_types(session: &Session) -> Vec<String> {
    let groups = &session.spec.node_groups.0;
    let mut types: Vec<String> = groups
        .iter()
        .map(|group| group.instance_type.0.clone())
        .collect();
    types.sort();
    types.dedup();
    types
}

async fn available(session: &Session) -> Result<Vec<String>, CallError> {
    let request = session
        .ec2
        .describe_availability_zones()
        .filters(filter("state", "available"));
    let answer = send!(
        session,
        "ec2:DescribeAvailabilityZones",
        IDEMPOTENT,
        request
    )?;
    let mut zones: Vec<String> = answer
        .availability_zones()
        .iter()
        .filter(|zone| takes_eks(zone))
        .filter_map(|zone| zone.zone_name().map(str::to_owned))
        .collect();
    zones.sort();
    Ok(zones)
}

/// Whether it is a zone of the region itself (no local zone) in which EKS places control planes.
fn takes_eks(zone: &AvailabilityZone) -> bool {
    zone.zone_type()
        .is_none_or(|kind| kind == "availability-zone")
        && !WITHOUT_EKS.contains(&zone.zone_id().unwrap_or_default())
}

async fn offered(session: &Session) -> Result<Vec<(String, String)>, CallError> {
    let wanted = aws_sdk_ec2::types::Filter::builder()
        .name("instance-type")
        .set_values(Some(instance_types(session)))
        .build();
    let request = session
        .ec2
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(wanted);
    let offerings = pages!(
        session,
        "ec2:DescribeInstanceTypeOfferings",
        request,
        instance_type_offerings
    )?;
    Ok(offerings
        .iter()
        .filter_map(|offering| {
            let instance_type = offering.instance_type()?.as_str().to_owned();
            Some((offering.location()?.to_owned(), instance_type))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_that_eks_refuses_and_local_zones_are_never_chosen() {
        let check = |id: &str, zone_type: &str, expected: bool| {
            let zone = AvailabilityZone::builder().zone_id(id).zone_type(zone_type);
            assert_eq!(takes_eks(&zone.build()), expected, "{id} {zone_type}");
        };
        check("use1-az1", "availability-zone", true);
        check("use1-az3", "availability-zone", false);
        check("usw1-az2", "availability-zone", false);
        check("cac1-az3", "availability-zone", false);
        check("use1-bos1-az1", "local-zone", false);
    }
}
