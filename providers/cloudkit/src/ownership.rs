//! What proves that a resource is a run's, where a cloud has tags on some resources and only names on others.

use kubeproof_contract::observer::OwnershipClaim;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::{RUN_TAG, Run};

/// The proofs that a resource is the run's: its tag, its own name if `is_name` says so, a description that names the
/// run.
pub fn proofs(run: &Run, resource: &Resource, is_name: impl Fn(&str) -> bool) -> Vec<String> {
    let mut proofs = Vec::new();
    if run.owns(&resource.tags) {
        proofs.push(format!("tag {RUN_TAG}={}", run.id));
    }
    let name = resource.name.as_deref().unwrap_or_default();
    if is_name(name) {
        proofs.push(format!("its name is {name}"));
    }
    let description = resource.properties.get("description");
    if let Some(text) = description.filter(|text| run.is_named_in(text)) {
        proofs.push(format!("described as \"{text}\""));
    }
    proofs
}

/// The claim of another run, by its tag.
pub fn claim_by_tag(run: &Run, resource: &Resource) -> Option<OwnershipClaim> {
    let other = resource.tags.get(RUN_TAG).filter(|id| **id != run.id)?;
    Some(OwnershipClaim {
        text: format!("tag {RUN_TAG}={other}"),
        run: Some(other.clone()),
        rests_on: vec![resource.id.clone()],
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_tag_a_name_or_a_description_proves_it_and_the_tag_of_another_run_is_a_claim() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let other = Run::new("r2", "me", Timestamp::UNIX_EPOCH);
        let bare = || Resource::new("disk", "d-1", "r");
        let check = |resource: Resource, expected: usize, claimed: bool| {
            let seen = proofs(&run, &resource, |name| name == "kp-r1-disk");
            assert_eq!(seen.len(), expected, "{seen:?}");
            let claim = claim_by_tag(&run, &resource);
            assert_eq!(claim.is_some(), claimed, "{claim:?}");
        };
        check(bare(), 0, false);
        check(bare().tagged(run.tags()), 1, false);
        check(bare().tagged(other.tags()), 0, true);
        check(bare().named("kp-r1-disk".to_owned()), 1, false);
        check(bare().with("description", "disk of kp-r1"), 1, false);
        check(bare().with("description", "disk of kp-r10"), 0, false);
        let all = bare()
            .tagged(run.tags())
            .named("kp-r1-disk".to_owned())
            .with("description", "kp-r1");
        check(all, 3, false);
    }
}
