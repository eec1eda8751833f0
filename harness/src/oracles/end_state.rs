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
mod tests;
