//! Marks: how a run, its owner and its expiry are written on resources, and read back.
//!
//! Clouds differ in it: tags, labels without colons and capitals, names where there is nothing else. So each provider
//! says it, and no other code reads a tag.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::resource::Resource;
use crate::run::{EXPIRES_TAG, OWNER_TAG, RUN_TAG, Run};

/// One mark, as the cloud's tag or label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// The marks that every resource of a run carries from its creation on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Says which run it belongs to.
    pub run: Mark,
    /// Says who runs it.
    pub owner: Mark,
    /// Says after which time it may be swept.
    pub expires: Mark,
}

impl Marks {
    /// The marks of a run in a cloud whose tags take any text.
    pub fn as_tags(run: &Run) -> Self {
        let mark = |key: &str, value: String| Mark {
            key: key.to_owned(),
            value,
        };
        Self {
            run: mark(RUN_TAG, run.id.clone()),
            owner: mark(OWNER_TAG, run.owner.clone()),
            expires: mark(EXPIRES_TAG, run.expires_at.to_string()),
        }
    }
}

/// Whose a resource is, as its marks say. A claim, not a proof: a program may write wrong ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The run's id.
    pub run: String,
    /// Who runs it.
    pub owner: Option<String>,
    /// After this time it may be swept. `None` also where the mark is not a time.
    pub expires: Option<Timestamp>,
}

impl Owner {
    /// What tags say that take any text; `None` without the run's.
    pub fn in_tags(tags: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            run: tags.get(RUN_TAG)?.clone(),
            owner: tags.get(OWNER_TAG).cloned(),
            expires: tags.get(EXPIRES_TAG).and_then(|text| text.parse().ok()),
        })
    }
}

/// How the resources of a run are named and marked. The defaults are those of a cloud with tags that take any text.
pub trait Naming {
    /// The longest name that every named resource type allows, in characters.
    fn name_length_max(&self) -> usize;

    /// The name of a part of a run's cluster; that of the cluster itself if the part is empty.
    fn name(&self, run: &Run, part: &str) -> String {
        fitted(run.name(part), self.name_length_max())
    }

    /// The marks of a run.
    fn marks(&self, run: &Run) -> Marks {
        Marks::as_tags(run)
    }

    /// Whose a resource is, as its marks say; `None` when they name no run.
    fn owner_of(&self, resource: &Resource) -> Option<Owner> {
        Owner::in_tags(&resource.tags)
    }

    /// The part of a run's name that a resource like this one has, where its type has no marks; empty for the run's
    /// whole name. `None` where there are marks, or names show nothing.
    fn name_part(&self, _resource: &Resource) -> Option<String> {
        None
    }

    /// The end of a resource's name that the cloud draws at random, if its form does not show that: it is too short for an
    /// id. Clusters that differ in it alone are equal.
    fn random_ending<'r>(&self, _resource: &'r Resource) -> Option<&'r str> {
        None
    }

    /// Whose a resource is, as its name says, where its type has no marks. Weaker than a mark: nothing may be deleted
    /// for it.
    fn owner_by_name(&self, resource: &Resource) -> Option<Owner> {
        let name = resource.name.as_deref()?;
        let run = Run::id_in(name, &self.name_part(resource)?)?;
        Some(Owner {
            run: run.to_owned(),
            owner: None,
            expires: None,
        })
    }

    /// Whether a resource carries the marks of this run.
    fn is_marked(&self, run: &Run, resource: &Resource) -> bool {
        self.owner_of(resource)
            .is_some_and(|owner| owner.run == run.id)
    }
}

/// A name that fits a limit: a longer one is cut, and ends with a digest of the whole, so that two stay two.
fn fitted(name: String, most: usize) -> String {
    if name.chars().count() <= most {
        return name;
    }
    let digest = crate::journal::digest(name.as_bytes());
    let digest: String = digest.chars().take(8).collect();
    let kept = most.saturating_sub(digest.len() + 1);
    let head: String = name.chars().take(kept).collect();
    format!("{head}-{digest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Short;

    impl Naming for Short {
        fn name_length_max(&self) -> usize {
            20
        }

        fn name_part(&self, resource: &Resource) -> Option<String> {
            (resource.resource_type == "disk").then(|| "data".to_owned())
        }
    }

    fn run() -> Run {
        Run::new("r1", "me", "2026-11-23T10:00:00Z".parse().expect("a date"))
    }

    #[test]
    fn a_name_that_is_too_long_is_cut_and_stays_its_own() {
        assert_eq!(Short.name(&run(), ""), "kp-r1");
        assert_eq!(Short.name(&run(), "nodes"), "kp-r1-nodes");
        let long = Short.name(&run(), "a-part-of-some-length-1");
        let other = Short.name(&run(), "a-part-of-some-length-2");
        assert_eq!((long.len(), other.len()), (20, 20));
        assert_ne!(long, other);
        assert!(long.starts_with("kp-r1-a-par"), "{long}");
    }

    #[test]
    fn a_name_says_whose_a_resource_is_only_where_there_are_no_marks_and_marks_it_never() {
        let check = |of_type: &str, name: &str, expected: Option<&str>| {
            let resource = Resource::new(of_type, "1", "r").named(name.to_owned());
            let owner = Short.owner_by_name(&resource).map(|owner| owner.run);
            assert_eq!(owner.as_deref(), expected, "{of_type} {name}");
            assert!(!Short.is_marked(&run(), &resource));
        };
        check("disk", "kp-r1-data", Some("r1"));
        check("disk", "kp-r1-2-data", Some("r1-2"));
        check("disk", "kp-legacy", None);
        check("disk", "kp--data", None);
        check("box", "kp-r1-data", None);
    }

    #[test]
    fn what_marks_write_owner_of_reads_back() {
        let mut resource = Resource::new("box", "1", "r");
        assert_eq!(Short.owner_of(&resource), None);
        let Marks {
            run: id,
            owner,
            expires,
        } = Short.marks(&run());
        for mark in [id, owner, expires] {
            resource.tags.insert(mark.key, mark.value);
        }
        let owner = Short.owner_of(&resource).expect("an owner");
        assert_eq!((&*owner.run, owner.owner.as_deref()), ("r1", Some("me")));
        assert_eq!(owner.expires, Some(run().expires_at));
        assert_eq!(resource.tags, run().tags());
        assert!(Short.is_marked(&run(), &resource));
        assert!(!Short.is_marked(
            &Run {
                id: "r2".to_owned(),
                ..run()
            },
            &resource
        ));
    }
}
