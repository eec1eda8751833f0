//! O8: a cluster that was healed after a fault equals the one of the clean run, except for ids.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use jiff::Timestamp;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::resource::{Lifetime, Resource};
use kubeproof_contract::run::Run;

use super::Violation;
use crate::trial::output::EndState;

/// Number of digits that makes a word a random id.
const ID_DIGITS: usize = 8;

impl EndState {
    /// The end state of a run: what is in `existing` and was not in `baseline`.
    pub fn of(
        run: &Run,
        naming: &dyn Naming,
        baseline: &[Resource],
        existing: &[Resource],
    ) -> Self {
        let before: BTreeSet<_> = baseline.iter().map(Resource::key).collect();
        let names = Names::of(run, naming, existing);
        // When a run expires says nothing about its cluster.
        let expiry = naming.marks(run).expires.key;
        let mut lines = BTreeMap::new();
        for resource in existing {
            // The remains of an attempt that failed are of no use.
            let alive = resource.lifetime == Lifetime::Alive;
            if alive && !before.contains(&resource.key()) {
                *lines
                    .entry(line((run, naming), &names, &expiry, resource))
                    .or_insert(0) += 1;
            }
        }
        Self(lines)
    }
}

/// What random ids stand for: one that refers to another resource is replaced by that resource, not by `#`.
struct Names<'a>(BTreeMap<&'a str, String>);

impl<'a> Names<'a> {
    fn of(run: &Run, naming: &dyn Naming, resources: &'a [Resource]) -> Self {
        let with_random_ids = resources
            .iter()
            .filter(|resource| plain(run, &resource.id).contains('#'));
        let names = with_random_ids.map(|resource| {
            let (resource_type, name) = key(run, naming, resource);
            (resource.id.as_str(), format!("<{resource_type} {name}>"))
        });
        Self(names.collect())
    }

    /// Text in which known ids are replaced by what they stand for.
    fn put_into(&self, text: &str) -> String {
        let is_break = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
        let mut out = String::new();
        for piece in text.split_inclusive(is_break) {
            let id = piece.trim_end_matches(is_break);
            match self.0.get(id) {
                Some(name) => {
                    out.push_str(name);
                    out.push_str(&piece[id.len()..]);
                }
                None => out.push_str(piece),
            }
        }
        out
    }
}

/// Type and name of a resource, without the random parts of the name.
pub fn key(run: &Run, naming: &dyn Naming, resource: &Resource) -> (String, String) {
    let name = resource.name.as_deref().unwrap_or(&resource.id);
    let ending = naming.random_ending(resource);
    let name = match ending.and_then(|ending| name.strip_suffix(ending)) {
        Some(head) => format!("{}#", plain(run, head)),
        None => plain(run, name),
    };
    (resource.resource_type.clone(), elsewhere(resource, &name))
}

/// How the end state of a healed cluster differs from the clean run's.
pub fn differs(clean: &EndState, now: &EndState) -> Option<Violation> {
    let words = difference(clean, now)?;
    let message = format!("the cluster that was reported ready is not the clean run's: {words}");
    Some(Violation::new("O8 end state", message))
}

/// What the second has less and more than the first, as text; `None` when they are equal.
pub fn difference(before: &EndState, after: &EndState) -> Option<String> {
    let beyond = |left: &EndState, right: &EndState| -> Vec<String> {
        let more = left.0.iter().filter_map(|(line, count)| {
            let others = right.0.get(line).copied().unwrap_or(0);
            (*count > others).then(|| format!("{} × {line}", count - others))
        });
        more.collect()
    };
    let (missing, added) = (beyond(before, after), beyond(after, before));
    if missing.is_empty() && added.is_empty() {
        return None;
    }
    let mut words = Vec::new();
    for (what, lines) in [("missing", missing), ("added", added)] {
        if !lines.is_empty() {
            words.push(format!("{what}: {}", lines.join(", ")));
        }
    }
    Some(words.join("; "))
}

fn line(
    (run, naming): (&Run, &dyn Naming),
    names: &Names<'_>,
    expiry: &str,
    resource: &Resource,
) -> String {
    let (resource_type, name) = key(run, naming, resource);
    let mut line = format!("{resource_type} {name} {}", resource.state);
    let tags = resource.tags.iter().filter(|(key, _)| *key != expiry);
    for (key, value) in tags.chain(&resource.properties) {
        let value = sorted(&plain(run, &names.put_into(value)));
        let _ = write!(line, " {}={value}", plain(run, key));
    }
    elsewhere(resource, &line)
}

/// A list in the order of what its ids stand for, because the order of the ids is random.
fn sorted(value: &str) -> String {
    let mut pieces: Vec<&str> = value.split(", ").collect();
    pieces.sort_unstable();
    pieces.join(", ")
}

/// Text without the region: a cluster that found no capacity in one may be made in another, where the
/// scenario has several.
fn elsewhere(resource: &Resource, text: &str) -> String {
    let scope = resource.scope.as_str();
    if scope.is_empty() {
        return text.to_owned();
    }
    text.replace(scope, "REGION")
}

/// Text without the run's id, and with `#` for every random word: ids, addresses, dates. A range of
/// addresses was chosen, and stays.
fn plain(run: &Run, text: &str) -> String {
    let text = text.replace(&run.id, "RUN");
    if text.parse::<Timestamp>().is_ok() || text.parse::<Ipv4Addr>().is_ok() {
        return "#".to_owned();
    }
    let is_break = |c: char| !(c.is_ascii_alphanumeric() || c == '.');
    let mut out = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let end = rest.find(is_break).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let next = after.chars().next();
        let range = next == Some('/') && word.parse::<Ipv4Addr>().is_ok();
        let hidden = of_chance(word) && !range;
        out.push_str(if hidden { "#" } else { word });
        out.extend(next);
        rest = &after[next.map_or(0, char::len_utf8)..];
    }
    // The middle of a UUID is three short words between two long ones.
    let out = without_uuid_middles(&out);
    // `ip-10-0-1-23.ec2.internal`: the address is spelt with dashes.
    if out.starts_with("ip-") {
        return "ip-#".to_owned();
    }
    out
}

/// `#-a20f-419b-a1d0-#` as `#`.
fn without_uuid_middles(text: &str) -> String {
    let parts: Vec<&str> = text.split('-').collect();
    let is_short = |part: &&str| part.len() == 4 && part.chars().all(|c| c.is_ascii_hexdigit());
    let mut kept = Vec::new();
    let mut index = 0;
    while index < parts.len() {
        kept.push(parts[index]);
        let next = parts.get(index + 1..index + 5);
        let is_uuid = next.is_some_and(|next| {
            parts[index].ends_with('#') && next[..3].iter().all(is_short) && next[3] == "#"
        });
        index += if is_uuid { 5 } else { 1 };
    }
    kept.join("-")
}

/// Whether a word is an id: long, of hexadecimal digits or of digits and capitals.
fn of_chance(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let all = |test: fn(&char) -> bool| word.chars().all(|c| test(&c));
    word.len() >= ID_DIGITS
        && digits > 0
        && (all(char::is_ascii_hexdigit) || all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()))
        || word.parse::<Ipv4Addr>().is_ok()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::run::EXPIRES_TAG;

    use super::*;
    use crate::audit::stub_plan::StubPlan;

    fn run(id: &str) -> Run {
        Run::new(id, "o", Timestamp::UNIX_EPOCH)
    }

    fn state(run: &Run, id: &str, size: &str) -> EndState {
        let mut disk = Resource::new("disk", id, "r");
        disk.name = Some(run.name("data"));
        disk.tags = run.tags();
        disk.properties.insert("size".to_owned(), size.to_owned());
        disk.properties.insert(
            "network".to_owned(),
            format!("net-0a{}", &id[id.len() - 8..]),
        );
        EndState::of(run, &StubPlan::default(), &[], &[disk])
    }

    #[test]
    fn ids_and_the_runs_own_name_make_no_difference() {
        let clean = state(&run("r1-aaaaaaaa"), "disk-0123456789", "20");
        let healed = state(&run("r1-bbbbbbbb"), "disk-9876543210", "20");
        assert_eq!(differs(&clean, &healed), None);
    }

    #[test]
    fn a_uuid_in_a_name_makes_no_difference() {
        let run = run("r1-aaaaaaaa");
        let shown = |text| plain(&run, text);
        let name = shown("workers-0b1c2d3e-a20f-419b-a1d0-0123456789ab");
        assert_eq!(name, "workers-#");
        // One short word alone is no middle of a UUID; a range stays, an address goes.
        assert_eq!(shown("10.0.0.0/16-a20f"), "10.0.0.0/16-a20f");
        assert_eq!(shown("to 10.0.0.7"), "to #");
    }

    #[test]
    fn words_of_chance_are_hidden_and_others_stay() {
        let check = |text: &str, expected: &str| {
            assert_eq!(plain(&run("r1-aaaaaaaa"), text), expected, "{text}");
        };
        check("2026-11-02T09:00:00Z", "#");
        check("10.0.0.7", "#");
        check("ip-10-0-0-7.internal", "ip-#");
        check("key-0123456789ab", "key-#");
        check("key-12345ABCXYZ", "key-#");
        // Letters alone are a word, short ones are names, and both cases mixed are no id.
        check("facedecade", "facedecade");
        check("node-1a2b", "node-1a2b");
        // Also after an id: only the provider knows which names end at random.
        check("main-d7c3b283-x4z9", "main-#-x4z9");
        check("main-d7c3b283-vms", "main-#-vms");
        check("Version12345", "Version12345");
        // Only the middle of a whole UUID goes with it.
        check("0b1c2d3e-zzzz-419b-a1d0-0123456789ab", "#-zzzz-419b-a1d0-#");
        check("0b1c2d3e-a20f-419b-a1d0-tail", "#-a20f-419b-a1d0-tail");
        check("head-a20f-419b-a1d0-0123456789ab", "head-a20f-419b-a1d0-#");
        check(
            "0b1c2d3e-a20ff-419b-a1d0-0123456789ab",
            "#-a20ff-419b-a1d0-#",
        );
    }

    #[test]
    fn only_the_tag_with_the_expiry_makes_no_difference() {
        let run = run("r1-aaaaaaaa");
        let tagged = |key: &str, value: &str| {
            let mut disk = Resource::new("disk", "disk-0123456789", "r");
            disk.tags.insert(key.to_owned(), value.to_owned());
            EndState::of(&run, &StubPlan::default(), &[], &[disk])
        };
        let check = |key: &str, same: bool| {
            let found = differs(&tagged(key, "one"), &tagged(key, "two"));
            assert_eq!(found.is_none(), same, "{key}: {found:?}");
        };
        check(EXPIRES_TAG, true);
        check("color", false);
    }

    #[test]
    fn another_region_makes_no_difference() {
        let run = run("r1-aaaaaaaa");
        let rules = |region: &str| {
            let mut rules = Resource::new("rules", "x-00000001", region);
            rules.name = Some(run.name(region));
            EndState::of(&run, &StubPlan::default(), &[], &[rules])
        };
        assert_eq!(differs(&rules("north-1"), &rules("south-2")), None);
    }

    #[test]
    fn a_fact_that_differs_is_found_with_both_sides() {
        let clean = state(&run("r1-aaaaaaaa"), "disk-0123456789", "20");
        let healed = state(&run("r1-bbbbbbbb"), "disk-9876543210", "40");
        let found = differs(&clean, &healed).expect("a finding");
        assert_eq!(found.oracle, "O8 end state");
        assert!(found.message.contains("missing: 1 × disk"), "{found:?}");
        assert!(found.message.contains("size=40"), "{found:?}");
    }

    #[test]
    fn what_leads_elsewhere_is_found_though_only_ids_tell() {
        let run = run("r1-aaaaaaaa");
        let state = |left: &str, right: &str, leads: &str| {
            let named = |id: &str, name: &str| {
                let mut gateway = Resource::new("gateway", id, "r");
                gateway.name = Some(run.name(name));
                gateway
            };
            let mut table = named("table-00000009", "table");
            let routes = format!("0.0.0.0/0 by {leads}, local");
            table.properties.insert("routes".to_owned(), routes);
            // In the order of ids, as a cloud lists them.
            let listed = format!("{}, {}", left.min(right), left.max(right));
            table.properties.insert("all".to_owned(), listed);
            EndState::of(
                &run,
                &StubPlan::default(),
                &[],
                &[named(left, "a"), named(right, "b"), table],
            )
        };
        let clean = state("gw-00000001", "gw-00000002", "gw-00000001");
        let same = state("gw-00000004", "gw-00000003", "gw-00000004");
        assert_eq!(differs(&clean, &same), None);
        let crossed = state("gw-00000004", "gw-00000003", "gw-00000003");
        let found = differs(&clean, &crossed).expect("a finding").message;
        assert!(found.contains("by <gateway kp-RUN-b>, local"), "{found}");
    }

    /// Machines have names that end at random.
    struct RandomMachines;

    impl Naming for RandomMachines {
        fn name_length_max(&self) -> usize {
            63
        }

        fn random_ending<'r>(&self, resource: &'r Resource) -> Option<&'r str> {
            let is_machine = resource.resource_type == "machine";
            is_machine.then(|| resource.id.rsplit('-').next())?
        }
    }

    #[test]
    fn a_short_word_after_an_id_makes_no_difference_only_where_the_provider_says_that_it_is_random()
    {
        let run = run("r1-aaaaaaaa");
        let state = |of_type: &str, id: &str| {
            let user = Resource::new("group", "g", "r").with("members", format!("zones/z/{id}"));
            EndState::of(
                &run,
                &RandomMachines,
                &[],
                &[Resource::new(of_type, id, "r"), user],
            )
        };
        let check = |of_type: &str, left: &str, right: &str, same: bool| {
            let found = differs(&state(of_type, left), &state(of_type, right));
            assert_eq!(found.is_none(), same, "{of_type} {left} {right}: {found:?}");
        };
        check("machine", "main-0a1b2c3d-x4z9", "main-d7c3b283-0d3b", true);
        check("machine", "main-0a1b2c3d-x4z9", "data-d7c3b283-0d3b", false);
        check("machine", "main-0a1b2c3d-x4z9", "x4z9", false);
        // What somebody has chosen: the pool for spare capacity instead of the one on demand.
        check("group", "pool-0a1b2c3d-spot", "pool-d7c3b283-main", false);
        check("group", "pool-0a1b2c3d-spot", "pool-d7c3b283-spot", true);
    }

    #[test]
    fn another_range_of_addresses_is_found() {
        let run = run("r1-aaaaaaaa");
        let state = |range: &str| {
            let mut network = Resource::new("network", "net-00000001", "r");
            network
                .properties
                .insert("cidr".to_owned(), range.to_owned());
            EndState::of(&run, &StubPlan::default(), &[], &[network])
        };
        assert!(differs(&state("10.0.0.0/24"), &state("10.0.9.0/24")).is_some());
    }

    #[test]
    fn a_second_one_of_the_same_kind_is_found_though_every_line_is_known() {
        let run = run("r1-aaaaaaaa");
        let disk = |id| Resource::new("disk", id, "r");
        let one = EndState::of(&run, &StubPlan::default(), &[], &[disk("d-00000001")]);
        let two = EndState::of(
            &run,
            &StubPlan::default(),
            &[],
            &[disk("d-00000001"), disk("d-00000002")],
        );
        assert!(differs(&one, &two).is_some());
        assert!(differs(&two, &one).is_some());
    }

    #[test]
    fn the_remains_of_a_failed_attempt_are_no_part_of_it() {
        let run = run("r1-aaaaaaaa");
        let mut gateway = Resource::new("gateway", "g-1", "r");
        gateway.lifetime = Lifetime::Dead;
        assert_eq!(
            EndState::of(&run, &StubPlan::default(), &[], &[gateway]),
            EndState::default()
        );
    }
}
