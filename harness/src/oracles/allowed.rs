//! What a scenario lets stay (`allow`): which orphans each of its entries covers. Pure.
//!
//! An entry covers orphans (O1) of one resource type, or the one of a finding's id. It covers nothing else: harm to
//! others, a duplicate, a false report or a resource that the audit did not see is never accepted, and neither is a
//! resource whose owner is unknown. An entry whose last day is over covers nothing, and its orphans say so.

use jiff::civil::Date;
use kubeproof_contract::scenario::AllowBlock;
use kubeproof_reports::record::{AllowedFinding, Orphan, Permission};

use super::Violation;

/// What the entries of a scenario make of orphans.
#[derive(Debug, Default)]
pub struct Judged<'a> {
    /// Those that no entry covers, in order.
    pub left: Vec<Orphan>,
    /// Those of `left` for which there is an entry that is over, each with it.
    pub over: Vec<(Orphan, &'a AllowBlock)>,
    /// Those that an entry covers, each with it.
    pub allowed: Vec<(Orphan, &'a AllowBlock)>,
}

/// Splits orphans by the entries of a scenario. `id` is that of an orphan's finding; `is_proven` says whether an orphan
/// is certainly the run's.
pub fn split(
    orphans: Vec<Orphan>,
    (entries, today): (&[AllowBlock], Date),
    id: impl Fn(&Orphan) -> String,
    is_proven: impl Fn(&Orphan) -> bool,
) -> Judged<'_> {
    let mut judged = Judged::default();
    for orphan in orphans {
        let covers = |entry: &&AllowBlock| match (&entry.resource_type, &entry.finding) {
            (Some(of), None) => *of == orphan.resource_type,
            (None, Some(of)) => *of == id(&orphan),
            _ => false,
        };
        let covering = || entries.iter().filter(covers);
        let valid = covering().find(|entry| !entry.is_over(today));
        match valid.filter(|_| is_proven(&orphan)) {
            Some(entry) => judged.allowed.push((orphan, entry)),
            None => {
                let over = covering().find(|entry| entry.is_over(today));
                judged
                    .over
                    .extend(over.map(|entry| (orphan.clone(), entry)));
                judged.left.push(orphan);
            }
        }
    }
    judged
}

/// The same as findings and as what is allowed: `find` makes the findings of some orphans. Orphans of different entries
/// never share a finding.
pub fn violations(
    judged: &Judged<'_>,
    find: impl Fn(&[Orphan]) -> Vec<Violation>,
) -> Vec<Violation> {
    let is_over = |orphan: &Orphan| judged.over.iter().any(|(it, _)| it == orphan);
    let plain: Vec<Orphan> = judged
        .left
        .iter()
        .filter(|orphan| !is_over(orphan))
        .cloned()
        .collect();
    let mut found = find(&plain);
    for (orphan, entry) in &judged.over {
        let each = find(std::slice::from_ref(orphan)).into_iter();
        found.extend(each.map(|violation| Violation {
            message: format!("{}; {}", violation.message, over(entry)),
            ..violation
        }));
    }
    for (orphan, entry) in &judged.allowed {
        let each = find(std::slice::from_ref(orphan)).into_iter();
        found.extend(each.map(|violation| Violation {
            allowed: Some(permission(entry)),
            ..violation
        }));
    }
    found
}

/// What the record says of an entry.
fn permission(entry: &AllowBlock) -> Permission {
    Permission {
        by: entry.subject(),
        reason: entry.reason.clone(),
        until: entry.until,
    }
}

/// What is said of an orphan whose entry is over.
fn over(entry: &AllowBlock) -> String {
    let until = entry.until.map(|day| day.to_string()).unwrap_or_default();
    format!(
        "the scenario allowed it ({}: {}) until {until}, which is over",
        entry.subject(),
        entry.reason.trim()
    )
}

/// Entries that covered nothing, each as a warning: `allowed` and `messages` are what all trials of the scenario found.
pub fn unused(
    entries: &[AllowBlock],
    allowed: &[&AllowedFinding],
    messages: &[&str],
) -> Vec<String> {
    let is_used = |entry: &&AllowBlock| {
        let ended = entry.until.is_some().then(|| over(entry));
        let is_told = ended.is_some_and(|ended| messages.iter().any(|it| it.ends_with(&ended)));
        let permission = permission(entry);
        is_told || allowed.iter().any(|it| it.permission == permission)
    };
    let unused = entries.iter().filter(|entry| !is_used(entry));
    let warning = |entry: &AllowBlock| {
        format!(
            "`allow` of {} matched nothing: it allows only resources that a run leaves behind (O1); remove it if \
             nothing is left any more",
            entry.subject()
        )
    };
    unused.map(warning).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = jiff::civil::date(2027, 1, 15);

    fn entry(text: &str) -> AllowBlock {
        serde_json::from_str(text).expect(text)
    }

    fn orphan(resource_type: &str, id: &str) -> Orphan {
        Orphan {
            resource_type: resource_type.to_owned(),
            id: id.to_owned(),
            name: None,
            region: "r".to_owned(),
            scope: None,
            monthly_cost_usd: None,
            starts_when_used: None,
            proofs: vec!["tag".to_owned()],
            part_of: None,
        }
    }

    /// The ids of what is left, over and allowed of a disk and a net.
    #[track_caller]
    fn check(entries: &[&str], proven: bool, expected: [&[&str]; 3]) {
        let entries: Vec<AllowBlock> = entries.iter().map(|text| entry(text)).collect();
        let orphans = vec![orphan("disk", "d"), orphan("net", "n")];
        let id = |orphan: &Orphan| format!("F-{}", orphan.id);
        let judged = split(orphans, (&entries, TODAY), id, |_| proven);
        let ids = |all: &[(Orphan, &AllowBlock)]| -> Vec<String> {
            all.iter().map(|(it, _)| it.id.clone()).collect()
        };
        let left: Vec<String> = judged.left.iter().map(|it| it.id.clone()).collect();
        let seen = [left, ids(&judged.over), ids(&judged.allowed)];
        assert_eq!(seen.each_ref().map(Vec::as_slice), expected, "{entries:?}");
    }

    #[test]
    fn an_entry_covers_its_type_or_its_finding_and_nothing_else() {
        check(&[], true, [&["d", "n"], &[], &[]]);
        check(
            &[r#"{"type": "disk", "reason": "r"}"#],
            true,
            [&["n"], &[], &["d"]],
        );
        check(
            &[r#"{"finding": "F-n", "reason": "r"}"#],
            true,
            [&["d"], &[], &["n"]],
        );
        check(
            &[r#"{"type": "dis", "reason": "r"}"#],
            true,
            [&["d", "n"], &[], &[]],
        );
        check(&[r#"{"reason": "r"}"#], true, [&["d", "n"], &[], &[]]);
        // Which of the two would count is not clear, so none does.
        check(
            &[r#"{"type": "disk", "finding": "F-n", "reason": "r"}"#],
            true,
            [&["d", "n"], &[], &[]],
        );
    }

    #[test]
    fn an_entry_that_is_over_covers_nothing_and_is_told_unless_another_covers() {
        let over = r#"{"type": "disk", "reason": "r", "until": "2027-01-14"}"#;
        let last = r#"{"type": "disk", "reason": "r", "until": "2027-01-15"}"#;
        check(&[over], true, [&["d", "n"], &["d"], &[]]);
        check(&[last], true, [&["n"], &[], &["d"]]);
        check(&[over, last], true, [&["n"], &[], &["d"]]);
    }

    #[test]
    fn what_may_be_somebody_elses_is_not_covered() {
        let any = r#"{"type": "disk", "reason": "r"}"#;
        check(&[any], false, [&["d", "n"], &[], &[]]);
    }

    #[test]
    fn an_entry_without_a_match_is_a_warning_and_one_that_is_over_and_matched_is_none() {
        let entries = [
            entry(r#"{"type": "disk", "reason": "r", "until": "2027-01-14"}"#),
            entry(r#"{"type": "net", "reason": "r"}"#),
        ];
        let message = format!("disk d; {}", over(&entries[0]));
        let told = unused(&entries, &[], &[&message]);
        assert_eq!(told.len(), 1);
        assert!(
            told[0].starts_with("`allow` of type net matched nothing"),
            "{told:?}"
        );
        assert_eq!(unused(&entries, &[], &[]).len(), 2);
    }
}
