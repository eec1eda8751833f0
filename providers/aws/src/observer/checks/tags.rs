//! Row `aws.tags`: everything found carries the run's tag. All that lack it share one finding.

use std::collections::HashMap;

use kubeproof_contract::check::Check;
use kubeproof_contract::observer::ObserverError;
use kubeproof_contract::run::{RUN_TAG, Run};

use super::network::{self, id};
use super::{Findings, ROWS, check, gateways};
use crate::observer::view::{View, is_tagged};
use crate::spec::EksSpec;

/// The row.
const ID: &str = "aws.tags";
/// The most resources that are named.
const NAMED_MAX: usize = 20;

/// Each resource with whether it carries the tag.
type TaggedResources = Vec<(String, bool)>;

pub(super) fn tags(spec: &EksSpec, run: &Run, view: &View) -> Check {
    let things = match of_run(spec, run, view) {
        Ok(things) => things,
        Err(error) => return ROWS.unknown(ID, error),
    };
    if things.is_empty() {
        return ROWS.skipped(ID, "nothing of the run was found");
    }
    check(ID, || Ok(judge(run, &things)))
}

/// Everything found of the run that should carry its tag.
fn of_run(spec: &EksSpec, run: &Run, view: &View) -> Result<TaggedResources, ObserverError> {
    let mut things = TaggedResources::new();
    if spec.network.makes_vpc() {
        of_network(&mut things, spec, run, view)?;
    }
    for nat in gateways::of_run(spec, run, view)? {
        let id = nat.nat_gateway_id().unwrap_or_default();
        things.push((id.to_owned(), is_tagged(run, nat.tags())));
        let address = gateways::allocation(&nat);
        let mut addresses = view.addresses.clone()?.into_iter();
        let found = addresses.find(|one| one.allocation_id() == Some(address));
        things.extend(found.map(|one| (address.to_owned(), is_tagged(run, one.tags()))));
    }
    if let Some(cluster) = view.cluster.clone()? {
        let name = cluster.name().unwrap_or_default();
        things.push((format!("cluster {name}"), in_map(run, cluster.tags())));
    }
    for group in view.node_groups.clone()? {
        let name = group.nodegroup_name().unwrap_or_default();
        things.push((format!("node group {name}"), in_map(run, group.tags())));
    }
    let roles = view.cluster_role.clone()?.into_iter();
    for role in roles.chain(view.node_roles.clone()?) {
        things.push((format!("role {}", role.name), run.owns(&role.tags)));
    }
    Ok(things)
}

fn of_network(
    things: &mut TaggedResources,
    spec: &EksSpec,
    run: &Run,
    view: &View,
) -> Result<(), ObserverError> {
    for vpc in view.vpcs.clone()? {
        let id = vpc.vpc_id().unwrap_or_default();
        things.push((id.to_owned(), is_tagged(run, vpc.tags())));
    }
    for subnet in network::of_run(spec, run, view)? {
        things.push((id(&subnet).to_owned(), is_tagged(run, subnet.tags())));
    }
    for gateway in view.internet_gateways.clone()? {
        let id = gateway.internet_gateway_id().unwrap_or_default();
        things.push((id.to_owned(), is_tagged(run, gateway.tags())));
    }
    Ok(())
}

fn in_map(run: &Run, tags: Option<&HashMap<String, String>>) -> bool {
    tags.and_then(|tags| tags.get(RUN_TAG)) == Some(&run.id)
}

fn judge(run: &Run, things: &[(String, bool)]) -> Findings {
    let mut findings = Findings::default();
    let without: Vec<&str> = things
        .iter()
        .filter(|(_, tagged)| !tagged)
        .map(|(thing, _)| thing.as_str())
        .collect();
    let (all, few) = (things.len(), without.len());
    findings.require(without.is_empty(), || {
        let mut named = without[..few.min(NAMED_MAX)].join(", ");
        if few > NAMED_MAX {
            named += &format!(" and {} more", few - NAMED_MAX);
        }
        format!(
            "{few} of {all} do not carry the run's tag {RUN_TAG}={}, so that neither a bill nor a clean-up \
             by tag knows them: {named}",
            run.id
        )
    });
    findings.note(format!("all {all} carry {RUN_TAG}={}", run.id));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_lacks_the_tag_is_one_finding() {
        let run = Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().unwrap());
        let check = |things: &[(&str, bool)], expected: &[&str]| {
            let things: Vec<(String, bool)> = things
                .iter()
                .map(|(thing, tagged)| ((*thing).to_owned(), *tagged))
                .collect();
            let wrong = judge(&run, &things).wrong;
            assert_eq!(wrong.len(), usize::from(!expected.is_empty()), "{wrong:?}");
            for part in expected {
                assert!(wrong[0].contains(part), "{wrong:?}");
            }
        };
        check(&[("vpc-1", true)], &[]);
        check(
            &[("vpc-1", false), ("subnet-1", true), ("role a", false)],
            &[
                "2 of 3 do not carry the run's tag kubeproof:run=r1",
                ": vpc-1, role a",
            ],
        );
        let many = vec![("x", false); 25];
        check(&many, &["25 of 25", "and 5 more"]);
    }
}
