//! Names and tags of everything that the provisioner makes, and filters for them.
//!
//! Teardown and later processes find resources by these alone.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use kubeproof_contract::run::{RUN_TAG, Run};

/// The cluster's name.
pub(crate) fn cluster(run: &Run) -> String {
    run.name("")
}

/// The tag by which Kubernetes marks what belongs to a cluster.
pub(crate) fn cluster_tag(run: &Run) -> String {
    format!("kubernetes.io/cluster/{}", cluster(run))
}

/// The run's tags with a `Name`, and more where a resource needs them.
pub(crate) fn tags(run: &Run, name: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut tags = run.tags();
    tags.insert("Name".to_owned(), name.to_owned());
    tags.extend(
        more.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
    );
    tags
}

/// The same as a specification that EC2 applies at creation.
pub(crate) fn specification(
    run: &Run,
    resource_type: ResourceType,
    name: &str,
    more: &[(&str, &str)],
) -> TagSpecification {
    let tags = tags(run, name, more)
        .into_iter()
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    TagSpecification::builder()
        .resource_type(resource_type)
        .set_tags(Some(tags))
        .build()
}

/// A filter of EC2's Describe calls.
pub(crate) fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

/// The same for any of several values.
pub(crate) fn filter_any(name: &str, values: &[String]) -> Filter {
    let values = Some(values.to_vec());
    Filter::builder().name(name).set_values(values).build()
}

/// The filter for this run's resources.
pub(crate) fn of_run(run: &Run) -> Filter {
    filter(&format!("tag:{RUN_TAG}"), &run.id)
}

/// The value of a tag.
pub(crate) fn tag<'a>(tags: &'a [Tag], key: &str) -> Option<&'a str> {
    tags.iter()
        .find(|tag| tag.key() == Some(key))
        .and_then(Tag::value)
}

/// Whether these tags carry the run's id.
pub(crate) fn is_ours(run: &Run, tags: &[Tag]) -> bool {
    tag(tags, RUN_TAG) == Some(run.id.as_str())
}

/// Whether these tags carry the run's id and this name.
pub(crate) fn is_named(run: &Run, tags: &[Tag], name: &str) -> bool {
    is_ours(run, tags) && tag(tags, "Name") == Some(name)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    /// EC2 filters by the tag already, so that no campaign shows a mistake here.
    #[test]
    fn only_tags_with_the_runs_whole_id_make_something_the_runs() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let check = |id: &str, name: &str, (ours, named): (bool, bool)| {
            let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
            let tags = [tag("Name", name), tag(RUN_TAG, id)];
            assert_eq!(is_ours(&run, &tags), ours, "{id} {name}");
            assert_eq!(is_named(&run, &tags, "kp-r1"), named, "{id} {name}");
        };
        check("r1", "kp-r1", (true, true));
        check("r1", "kp-r1-2", (true, false));
        for other in ["r1-2", "r12", "R1", ""] {
            check(other, "kp-r1", (false, false));
        }
        assert!(!is_ours(&run, &[]));
    }
}
