//! O6: what belongs to others is untouched.
//!
//! Apart from the orphans because the error is the other way round: something is missing.

use kubeproof_contract::resource::Resource;

use super::Wrong;
use crate::audit::compare::{new_resources, words};

/// Resources of the baseline that are gone.
pub fn gone(before: &[Resource], after: &[Resource]) -> Vec<Wrong> {
    new_resources(after, before)
        .iter()
        .map(|missing| {
            let message = format!(
                "{} was there before the run and is gone: it was not the run's",
                words(missing)
            );
            Wrong::new("O6 decoys", message)
        })
        .collect()
}

/// Decoys, each with a digest of its state, that are gone or changed.
pub fn decoys(before: &[(Resource, String)], after: &[(Resource, String)]) -> Vec<Wrong> {
    let mut wrongs = Vec::new();
    for (resource, digest) in before {
        let now = after
            .iter()
            .find(|(other, _)| other.key() == resource.key());
        let what = match now {
            None => "was deleted",
            Some((_, changed)) if changed != digest => "was changed",
            Some(_) => continue,
        };
        wrongs.push(Wrong::new(
            "O6 decoys",
            format!("{} {what}: it is a neighbour's", words(resource)),
        ));
    }
    wrongs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoy_that_changed_is_a_finding_and_one_that_did_not_is_none() {
        let decoy = |digest: &str| (Resource::new("vpc", "vpc-n", "r"), digest.to_owned());
        assert_eq!(decoys(&[decoy("a")], &[decoy("a")]), []);
        let changed = decoys(&[decoy("a")], &[decoy("b")]);
        assert!(changed[0].message.contains("was changed"), "{changed:?}");
        let deleted = decoys(&[decoy("a")], &[]);
        assert!(deleted[0].message.contains("was deleted"), "{deleted:?}");
    }
}
