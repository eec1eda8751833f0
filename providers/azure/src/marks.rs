//! How a run marks what has no tags: words such as `kubeproof:run=r1`, in the tags of directory objects and in the
//! description of role assignments.

use std::collections::BTreeMap;

use kubeproof_contract::marks::Owner;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::run::Run;

/// The marks as words.
pub fn words(run: &Run) -> Vec<String> {
    let tags: BTreeMap<String, String> = run.tags();
    tags.iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

/// The marks as a description.
pub fn description(run: &Run) -> String {
    words(run).join(" ")
}

/// The marks in a description.
pub fn described(text: &str) -> BTreeMap<String, String> {
    let words = text.split_whitespace();
    words
        .filter_map(|word| word.split_once('='))
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
}

/// Whose a resource is, as its tags say, or else its description; `None` when they name no run.
pub fn owner_of(resource: &Resource) -> Option<Owner> {
    let description = resource.properties.get("description");
    let in_description = || Owner::in_tags(&described(description?));
    Owner::in_tags(&resource.tags).or_else(in_description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tags_or_a_description_write_is_read_back() {
        let run = Run::new("r1", "tester", "2026-11-29T10:00:07Z".parse().unwrap());
        let bare = Resource::new("role_assignment", "a", "global");
        assert_eq!(owner_of(&bare), None);
        let tagged = bare.clone().tagged(run.tags());
        let described = bare.clone().with("description", description(&run));
        for resource in [tagged, described] {
            let owner = owner_of(&resource).expect("an owner");
            assert_eq!(
                (&*owner.run, owner.owner.as_deref()),
                ("r1", Some("tester"))
            );
            assert_eq!(owner.expires, Some(run.expires_at));
        }
        let other = bare.with("description", "made by kubeproof:run r1");
        assert_eq!(owner_of(&other), None);
    }
}
