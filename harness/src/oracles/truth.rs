//! O3: what was reported is the truth. Here: the auditor's inventory against the simulator's.
//!
//! Apart from the orphans: an auditor that cannot see straight finds no orphan at all.

use kubeproof_contract::resource::Resource;

use super::Wrong;
use crate::audit::compare::{new_resources, words};

/// Resources that only one of auditor and truth knows.
pub fn inventory(listed: &[Resource], truth: &[Resource], when: &str) -> Vec<Wrong> {
    let unseen = new_resources(listed, truth);
    let unreal = new_resources(truth, listed);
    let unseen = unseen.iter().map(|resource| {
        format!(
            "{} exists {when}, and the audit did not list it",
            words(resource)
        )
    });
    let unreal = unreal.iter().map(|resource| {
        format!(
            "the audit listed {} {when}, and it does not exist",
            words(resource)
        )
    });
    unseen
        .chain(unreal)
        .map(|message| Wrong::new("O3 truth", message))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_are_found() {
        let vpc = Resource::new("vpc", "vpc-1", "r");
        let disk = Resource::new("disk", "d-1", "r");
        let same = [vpc.clone()];
        assert_eq!(inventory(&same, &same, "now"), []);
        let found = inventory(&[vpc], &[disk], "now");
        assert_eq!(found.len(), 2);
        assert!(found[0].message.contains("did not list it"), "{found:?}");
        assert!(found[1].message.contains("does not exist"), "{found:?}");
    }
}
