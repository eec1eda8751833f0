//! What identifies a run: its id, and the tags and names derived from it.
//!
//! Teardown and audit find resources by these tags and names alone, so provisioner and observer must agree on
//! them without talking to each other.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The tag key that carries the run id.
pub const RUN_TAG: &str = "kubeproof:run";
/// The tag key that says who owns the resource.
pub const OWNER_TAG: &str = "kubeproof:owner";
/// The tag key that carries the time after which the resource may be swept (RFC 3339).
pub const EXPIRES_TAG: &str = "kubeproof:expires";

/// One run of one scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Unique id: lower-case letters, digits and dashes, at most 20 characters, so that it fits into
    /// every cloud's resource names.
    pub id: String,
    /// Who runs it.
    pub owner: String,
    /// When it began.
    pub started_at: Timestamp,
    /// After this time its resources may be swept.
    pub expires_at: Timestamp,
}

impl Run {
    /// A run that starts now and whose resources expire after six hours.
    pub fn new(id: impl Into<String>, owner: impl Into<String>, started_at: Timestamp) -> Self {
        let expires_at = started_at + SignedDuration::from_hours(6);
        Self {
            id: id.into(),
            owner: owner.into(),
            started_at,
            expires_at,
        }
    }

    /// A second run next to this one, which starts at `started_at` and whose names begin with this one's.
    pub fn beside(&self, started_at: Timestamp) -> Self {
        Self::new(format!("{}-2", self.id), self.owner.clone(), started_at)
    }

    /// The tags that every resource of the run carries from its creation on.
    pub fn tags(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (RUN_TAG.to_owned(), self.id.clone()),
            (OWNER_TAG.to_owned(), self.owner.clone()),
            (EXPIRES_TAG.to_owned(), self.expires_at.to_string()),
        ])
    }

    /// The natural name of a resource of this run: `kp-<run id>-<part>`, or `kp-<run id>`.
    pub fn name(&self, part: &str) -> String {
        if part.is_empty() {
            format!("kp-{}", self.id)
        } else {
            format!("kp-{}-{part}", self.id)
        }
    }

    /// The part in a natural name of this run, empty for the whole run; none in any other name. Another run's names
    /// may begin with this run's whole name, so the caller judges by the part.
    pub fn part_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        let rest = name.strip_prefix(&self.name(""))?;
        if rest.is_empty() {
            return Some(rest);
        }
        rest.strip_prefix('-').filter(|part| !part.is_empty())
    }

    /// The id of the run that has given this name to this part, if one has: what [`Run::name`] makes, read back.
    pub fn id_in<'n>(name: &'n str, part: &str) -> Option<&'n str> {
        let rest = name.strip_prefix("kp-")?;
        let id = match part {
            "" => rest,
            part => rest.strip_suffix(part)?.strip_suffix('-')?,
        };
        (!id.is_empty()).then_some(id)
    }

    /// Whether a text names the run, and not another run whose name begins with this one's.
    pub fn is_named_in(&self, text: &str) -> bool {
        let name = self.name("");
        text.match_indices(&name).any(|(at, _)| {
            let next = text[at + name.len()..].chars().next();
            next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-')
        })
    }

    /// Whether these tags say that the resource belongs to this run.
    pub fn owns(&self, tags: &BTreeMap<String, String>) -> bool {
        tags.get(RUN_TAG).is_some_and(|value| *value == self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_name_is_what_follows_the_runs_whole_name() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let check = |name: &str, expected: Option<&str>| {
            assert_eq!(run.part_of(name), expected, "{name}");
        };
        check(&run.name(""), Some(""));
        check(&run.name("node-0"), Some("node-0"));
        check(&run.beside(Timestamp::UNIX_EPOCH).name("fs"), Some("2-fs"));
        for other in ["kp-r10", "kp-r1-", "kp-r", "", "my-kp-r1"] {
            check(other, None);
        }
        let id = |part| Run::id_in("kp-r1-node-0", part);
        assert_eq!(id("node-0"), Some("r1"));
        assert_eq!(id(""), Some("r1-node-0"));
        assert_eq!(id("fs"), None);
    }

    #[test]
    fn a_run_owns_what_carries_its_own_id_in_its_own_tag() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        let check = |key: &str, value: &str, expected: bool| {
            let tags = BTreeMap::from([(key.to_owned(), value.to_owned())]);
            assert_eq!(run.owns(&tags), expected, "{key}={value}");
        };
        check(RUN_TAG, "r1", true);
        for other in ["r1-2", "r12", "R1", "r", ""] {
            check(RUN_TAG, other, false);
        }
        check(OWNER_TAG, "r1", false);
        check("KubeProof:Run", "r1", false);
    }

    #[test]
    fn a_text_names_a_run_by_its_whole_name_alone() {
        let run = Run::new("r1", "me", Timestamp::UNIX_EPOCH);
        for text in ["kp-r1", "API of kp-r1: kubectl", "kp-r1-2, kp-r1"] {
            assert!(run.is_named_in(text), "{text}");
        }
        for text in ["API of kp-r1-2", "kp-r12", "nothing", ""] {
            assert!(!run.is_named_in(text), "{text}");
        }
    }
}
