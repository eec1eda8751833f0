//! O3: the access that a provisioner hands over leads to the run's cluster, with all its nodes. Pure.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::workload::{WorkloadError, WorkloadPlace};

/// What the handed-over access has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedOverAccess {
    /// None was handed over, and why.
    Withheld(String),
    /// The server accepts it, but it may not list nodes.
    Forbidden(String),
    /// It does not work.
    Failed(String),
    /// It leads to a cluster.
    Sees(WorkloadPlace),
}

/// Why the uid of the run's cluster is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoUid {
    /// Nothing was to be compared with it.
    #[error("not asked for")]
    NotRead,
    /// The observer did not find it.
    #[error("{0}")]
    Failed(#[source] WorkloadError),
}

/// What the access is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessExpectation {
    /// The uid of the run's cluster, as the observer found it by itself; or why it did not.
    pub uid: Result<String, NoUid>,
    /// How many nodes there must be; `None` where they are counted elsewhere.
    pub nodes: Option<usize>,
    /// Whether the clean run's access showed its cluster; `None` without a clean run.
    pub clean: Option<bool>,
}

/// The verdict, with what was seen.
pub fn judge(handed: &HandedOverAccess, against: &AccessExpectation) -> (Verdict, String) {
    let as_clean = against.clean == Some(true);
    match (handed, &against.uid) {
        (HandedOverAccess::Withheld(why), _) if as_clean => (
            Verdict::Fail,
            format!("no access is handed over, which the clean run's provisioner did: {why}"),
        ),
        (HandedOverAccess::Withheld(why), _) => (Verdict::Skipped, why.clone()),
        (HandedOverAccess::Forbidden(why), _) if as_clean => (
            Verdict::Fail,
            format!("the handed-over access may do less than the clean run's: {why}"),
        ),
        (HandedOverAccess::Forbidden(why), _) => (Verdict::Skipped, why.clone()),
        (HandedOverAccess::Failed(why), Ok(_)) => (
            Verdict::Fail,
            format!("the handed-over access does not work, although the cluster answers: {why}"),
        ),
        (HandedOverAccess::Failed(why), Err(own)) => (
            Verdict::Unknown,
            format!("the handed-over access does not work ({why}), nor does the observer's: {own}"),
        ),
        (HandedOverAccess::Sees(_), Err(why)) => (
            Verdict::Unknown,
            format!("whether the handed-over access leads to the run's cluster: {why}"),
        ),
        (HandedOverAccess::Sees(seen), Ok(uid)) => judge_cluster(seen, uid, against.nodes),
    }
}

fn judge_cluster(seen: &WorkloadPlace, uid: &str, nodes: Option<usize>) -> (Verdict, String) {
    let WorkloadPlace { server, ready, .. } = seen;
    if seen.uid != uid {
        let message = format!("the handed-over access leads to another cluster, at {server}");
        return (Verdict::Fail, message);
    }
    let missing = nodes.filter(|nodes| seen.nodes != *nodes || seen.ready != *nodes);
    let Some(nodes) = missing else {
        let message = format!("{server} is the run's cluster, {ready} nodes Ready");
        return (Verdict::Pass, message);
    };
    let mut words = vec![format!(
        "{ready} of {} nodes are Ready, asked for {nodes}",
        seen.nodes
    )];
    words.extend(seen.problems.iter().cloned());
    (Verdict::Fail, words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sees(uid: &str, nodes: usize, ready: usize) -> HandedOverAccess {
        HandedOverAccess::Sees(WorkloadPlace {
            server: "https://one".to_owned(),
            uid: uid.to_owned(),
            nodes,
            ready,
            problems: Vec::new(),
        })
    }

    #[track_caller]
    fn check(
        handed: &HandedOverAccess,
        uid: Result<&str, &str>,
        clean: Option<bool>,
        expected: Verdict,
    ) {
        let against = AccessExpectation {
            uid: uid
                .map(str::to_owned)
                .map_err(|why| NoUid::Failed(WorkloadError::failed(why))),
            nodes: Some(2),
            clean,
        };
        let (verdict, message) = judge(handed, &against);
        assert_eq!(verdict, expected, "{message}");
    }

    #[test]
    fn the_runs_own_cluster_with_all_nodes_passes_and_nothing_else() {
        check(&sees("a", 2, 2), Ok("a"), None, Verdict::Pass);
        check(&sees("b", 2, 2), Ok("a"), None, Verdict::Fail);
        check(&sees("a", 2, 1), Ok("a"), None, Verdict::Fail);
        check(&sees("a", 1, 1), Ok("a"), None, Verdict::Fail);
        check(&sees("a", 3, 3), Ok("a"), None, Verdict::Fail);
        check(&sees("a", 0, 0), Ok("a"), None, Verdict::Fail);
        check(&sees("a", 2, 2), Err("no answer"), None, Verdict::Unknown);
    }

    #[test]
    fn nodes_that_are_counted_elsewhere_are_not_judged_twice() {
        let against = AccessExpectation {
            uid: Ok("a".to_owned()),
            nodes: None,
            clean: None,
        };
        assert_eq!(judge(&sees("a", 0, 0), &against).0, Verdict::Pass);
        assert_eq!(judge(&sees("b", 0, 0), &against).0, Verdict::Fail);
    }

    #[test]
    fn an_access_that_fails_is_wrong_only_where_the_cluster_answers() {
        let failed = HandedOverAccess::Failed("401".to_owned());
        check(&failed, Ok("a"), None, Verdict::Fail);
        check(&failed, Err("no answer"), None, Verdict::Unknown);
    }

    #[test]
    fn an_access_that_shows_less_than_the_clean_runs_is_wrong() {
        for less in [
            HandedOverAccess::Withheld("it gives none".to_owned()),
            HandedOverAccess::Forbidden("403".to_owned()),
        ] {
            check(&less, Ok("a"), Some(true), Verdict::Fail);
            check(&less, Ok("a"), Some(false), Verdict::Skipped);
            check(&less, Ok("a"), None, Verdict::Skipped);
        }
    }
}
