//! Ownership claims of others: the run that a resource's tags, or those of what it depends on, name.
//!
//! Pure. This is only a claim; whether it is believed is decided with the calls that made the resource.

use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

use super::proofs::{self, parents};

/// The claim that a resource is another run's. `None` when anything says that it is this run's.
pub fn of(run: &Run, resource: &Resource, inventory: &[Resource]) -> Option<OwnershipClaim> {
    if !proofs::of(run, resource, inventory).is_empty() {
        return None;
    }
    OwnershipClaim::by_tag(run, resource).or_else(|| {
        let mut parents = parents(resource, inventory);
        parents.find_map(|parent| {
            let claim = OwnershipClaim::by_tag(run, parent)?;
            let (of_type, id) = (&parent.resource_type, &parent.id);
            Some(OwnershipClaim {
                text: format!("its {of_type} {id} carries the {}", claim.text),
                rests_on: vec![resource.id.clone(), id.clone()],
                ..claim
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str) -> Run {
        Run::new(id, "me", "2026-11-23T10:00:00Z".parse().expect("a date"))
    }

    fn tagged(resource_type: &str, id: &str, of_run: &str) -> Resource {
        let mut resource = Resource::new(resource_type, id, "us-east-1");
        resource.tags = run(of_run).tags();
        resource
    }

    #[track_caller]
    fn check(resource: &Resource, inventory: &[Resource], expected: Option<(&str, &[&str])>) {
        let claim = of(&run("r1"), resource, inventory);
        let seen = claim.as_ref().map(|claim| {
            let rests_on: Vec<&str> = claim.rests_on.iter().map(String::as_str).collect();
            assert_eq!(claim.run.as_deref(), Some("r2"));
            (claim.text.as_str(), rests_on)
        });
        let expected = expected.map(|(text, rests_on)| (text, rests_on.to_vec()));
        assert_eq!(seen, expected);
    }

    #[test]
    fn another_runs_tag_is_a_claim_on_the_resource_and_on_what_hangs_on_it() {
        let vpc = tagged("vpc", "vpc-2", "r2");
        check(&vpc, &[], Some(("tag kubeproof:run=r2", &["vpc-2"])));
        let mut subnet = Resource::new("subnet", "subnet-2", "us-east-1");
        check(&subnet, std::slice::from_ref(&vpc), None);
        subnet
            .properties
            .insert("vpc_id".to_owned(), "vpc-2".to_owned());
        let text = "its vpc vpc-2 carries the tag kubeproof:run=r2";
        check(&subnet, &[vpc], Some((text, &["subnet-2", "vpc-2"])));
    }

    #[test]
    fn nothing_is_claimed_where_anything_says_that_it_is_this_runs() {
        check(&tagged("vpc", "vpc-1", "r1"), &[], None);
        let mut misnamed = tagged("iam_role", "kp-r1-nodes", "r2");
        check(&misnamed, &[], None);
        "other".clone_into(&mut misnamed.id);
        check(&misnamed, &[], Some(("tag kubeproof:run=r2", &["other"])));
        let mut in_ours = tagged("subnet", "subnet-1", "r2");
        in_ours
            .properties
            .insert("vpc_id".to_owned(), "vpc-1".to_owned());
        check(&in_ours, &[tagged("vpc", "vpc-1", "r1")], None);
        check(&Resource::new("vpc", "vpc-3", "us-east-1"), &[], None);
    }
}
