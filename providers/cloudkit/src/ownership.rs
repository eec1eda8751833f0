//! What proves that a resource is a run's, where a cloud has tags on some resources and only names on others.

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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_tag_a_name_or_a_description_proves_it() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let other = Run::new("r2", "me", Timestamp::UNIX_EPOCH);
        let bare = || Resource::new("disk", "d-1", "r");
        let check = |resource: Resource, expected: usize| {
            let seen = proofs(&run, &resource, |name| name == "kp-r1-disk");
            assert_eq!(seen.len(), expected, "{seen:?}");
        };
        check(bare(), 0);
        check(bare().tagged(run.tags()), 1);
        check(bare().tagged(other.tags()), 0);
        check(bare().named("kp-r1-disk".to_owned()), 1);
        check(bare().with("description", "disk of kp-r1"), 1);
        check(bare().with("description", "disk of kp-r10"), 0);
        let all = bare()
            .tagged(run.tags())
            .named("kp-r1-disk".to_owned())
            .with("description", "kp-r1");
        check(all, 3);
    }
}
