//! Whether machines, and the firewall rules around them, are as asked for.

use std::collections::BTreeSet;

/// A machine as the cloud lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenMachine<'a> {
    /// The cloud's id of it.
    pub id: &'a str,
    /// Its state, in the cloud's own word.
    pub state: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Where it is.
    pub region: &'a str,
    /// Whether it carries the run's mark.
    pub is_marked: bool,
}

/// The machines that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedMachines<'a> {
    /// How many.
    pub count: usize,
    /// Their type.
    pub kind: &'a str,
    /// Where they may be, all together.
    pub regions: &'a [&'a str],
    /// The cloud's word for a machine that runs.
    pub running: &'a str,
}

/// What is wrong with the machines, and what was seen.
pub fn as_asked(asked: &AskedMachines<'_>, seen: &[SeenMachine<'_>]) -> (Vec<String>, String) {
    let mut wrong = Vec::new();
    if seen.len() != asked.count {
        let (seen, asked) = (seen.len(), asked.count);
        wrong.push(format!("{seen} instances, asked for {asked}"));
    }
    for one in seen {
        let id = one.id;
        if one.state != asked.running {
            wrong.push(format!("{id} is {}", one.state));
        }
        if one.kind != asked.kind {
            wrong.push(format!("{id} is a {}", one.kind));
        }
        if !one.is_marked {
            wrong.push(format!("{id} does not carry the run's tag"));
        }
        if !asked.regions.contains(&one.region) {
            wrong.push(format!("{id} is in {}", one.region));
        }
    }
    let regions: BTreeSet<&str> = seen.iter().map(|one| one.region).collect();
    if regions.len() > 1 {
        wrong.push(format!("the nodes are in {} regions", regions.len()));
    }
    let regions = regions.into_iter().collect::<Vec<_>>().join(", ");
    let (count, kind, running) = (seen.len(), asked.kind, asked.running);
    (wrong, format!("{count} × {kind} {running} in {regions}"))
}

/// What is wrong with the rules around the machine `id`: the one for the API server is missing, or there are others
/// than those for its peers.
pub fn rules_as_asked(
    id: &str,
    rules: &BTreeSet<String>,
    api_server: &str,
    peers: &BTreeSet<String>,
) -> Vec<String> {
    let missing = (!rules.contains(api_server))
        .then(|| format!("{id}: no rule lets the API server be reached ({api_server})"));
    let more = rules.difference(peers).filter(|rule| *rule != api_server);
    let more = more.map(|rule| format!("{id}: {rule} was not asked for"));
    missing.into_iter().chain(more).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: AskedMachines<'_> = AskedMachines {
        count: 1,
        kind: "small",
        regions: &["here", "there"],
        running: "active",
    };
    const RIGHT: SeenMachine<'_> = SeenMachine {
        id: "i",
        state: "active",
        kind: "small",
        region: "here",
        is_marked: true,
    };

    #[track_caller]
    fn check(seen: &[SeenMachine<'_>], expected: &[&str]) {
        assert_eq!(as_asked(&ASKED, seen).0, expected, "{seen:?}");
    }

    #[test]
    fn machines_that_are_not_as_asked_for_are_told_one_by_one() {
        check(&[RIGHT], &[]);
        assert_eq!(as_asked(&ASKED, &[RIGHT]).1, "1 × small active in here");
        check(&[], &["0 instances, asked for 1"]);
        let wrong = SeenMachine {
            state: "booting",
            kind: "large",
            region: "elsewhere",
            is_marked: false,
            ..RIGHT
        };
        let all = [
            "i is booting",
            "i is a large",
            "i does not carry the run's tag",
            "i is in elsewhere",
        ];
        check(&[wrong], &all);
        let apart = SeenMachine {
            region: "there",
            ..RIGHT
        };
        let two = ["2 instances, asked for 1", "the nodes are in 2 regions"];
        check(&[RIGHT, apart], &two);
    }

    #[test]
    fn rules_are_those_of_the_api_server_and_of_the_peers_and_no_others() {
        let rules = |all: &[&str]| all.iter().map(|rule| (*rule).to_owned()).collect();
        let check = |seen: &[&str], expected: &[&str]| {
            let wrong = rules_as_asked("i", &rules(seen), "api", &rules(&["peer"]));
            assert_eq!(wrong, expected, "{seen:?}");
        };
        check(&["api"], &[]);
        check(&["api", "peer"], &[]);
        check(
            &["peer"],
            &["i: no rule lets the API server be reached (api)"],
        );
        check(&["all", "api"], &["i: all was not asked for"]);
    }
}
