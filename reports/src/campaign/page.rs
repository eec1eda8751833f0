//! The content of a campaign's report for people: figures, heat table, findings, and faults that were not injected.

use std::fmt::Write as _;

use kubeproof_contract::check::Verdict;

use super::{Campaign, CampaignFinding, Limit};
use crate::finding_id;
use crate::page::{Align, Block, Cell, Column, Grid, Page, Section};
use crate::word::{clean, counted};

/// One letter for each effect, in the order of the heat table.
const LETTERS: &[(char, &str)] = &[
    ('r', "reject"),
    ('t', "throttle"),
    ('s', "server-error"),
    ('S', "server-error-after"),
    ('l', "lost-request"),
    ('L', "lost-response"),
    ('a', "late-apply"),
    ('h', "hang"),
    ('o', "outage"),
    ('g', "garbled"),
    ('F', "async-fail"),
    ('K', "async-stuck"),
    ('D', "async-late"),
    ('q', "quota"),
    ('c', "capacity"),
    ('d', "dependency"),
    ('e', "credentials-expire"),
    ('b', "crash-before"),
    ('B', "crash-after"),
    ('i', "cancel"),
    ('I', "cancel-before"),
    ('2', "cancel-twice"),
    ('y', "stale-read"),
    ('=', "repeated-page"),
    ('p', "permission-lag"),
    ('P', "partial"),
    ('w', "write-fails"),
    ('T', "torn-write"),
    ('x', "lost-disk"),
    ('f', "foreign-change"),
];
/// The letters as the title of a column.
const TITLE: &str = "rtsSlLahogFKDqcdebBiI2y=pPwTxf";
/// How many faults that were not reached are named.
const UNREACHED_NAMED: usize = 10;

/// How many lifecycles that were not run are named.
const NOT_RUN_NAMED: usize = 10;

/// The verdict of a campaign. It does not pass if faults were not injected for no known reason, if anything could not
/// be determined, if a part of its plan was not run, if nothing could be aimed at some change, or if it was stopped.
pub fn verdict(campaign: &Campaign) -> Verdict {
    if !campaign.findings.is_empty() {
        return Verdict::Fail;
    }
    let untried = campaign.not_run_count() > 0 || !campaign.unstable.is_empty();
    let unknown = campaign.unexplained() > 0 || !campaign.unknown.is_empty() || untried;
    if unknown || campaign.stopped || campaign.lifecycles == 0 || campaign.exercised == 0 {
        return Verdict::Unknown;
    }
    Verdict::Pass
}

/// The page.
pub fn page(campaign: &Campaign) -> Page {
    let mut sections = vec![Section {
        title: format!("Faults: {}", clean(&campaign.scenarios.join(", "))),
        verdict: Some(verdict(campaign)),
        blocks: vec![Block::Facts(figures(campaign))],
    }];
    if !campaign.heat.is_empty() {
        sections.push(heat(campaign));
    }
    if !campaign.findings.is_empty() {
        sections.push(Section {
            title: counted(campaign.findings.len(), "finding"),
            verdict: None,
            blocks: campaign.findings.iter().flat_map(finding).collect(),
        });
    }
    if !campaign.limits.is_empty() {
        let blocks = campaign.limits.iter().flat_map(limit);
        sections.push(Section {
            title: format!(
                "{}: no provisioner could do better",
                counted(campaign.limits.len(), "limit of the cloud")
            ),
            verdict: None,
            blocks: blocks.collect(),
        });
    }
    if !campaign.allowed.is_empty() {
        let blocks = campaign.allowed.iter().flat_map(limit);
        sections.push(Section {
            title: format!("Allowed by the scenario: {}", campaign.allowed.len()),
            verdict: None,
            blocks: blocks.collect(),
        });
    }
    if !campaign.unreached.is_empty() {
        sections.push(unreached(campaign));
    }
    if !campaign.unstable.is_empty() {
        let lines = campaign.unstable.iter();
        sections.push(Section {
            title: "Unstable: not the same in all clean runs, so nothing was aimed there"
                .to_owned(),
            verdict: Some(Verdict::Unknown),
            blocks: lines.map(|line| Block::Line(clean(line))).collect(),
        });
    }
    if campaign.not_run_count() > 0 {
        sections.push(not_run(campaign));
    }
    if !campaign.unknown.is_empty() {
        let lines = campaign.unknown.iter();
        sections.push(Section {
            title: "Could not be determined".to_owned(),
            verdict: Some(Verdict::Unknown),
            blocks: lines.map(|line| Block::Line(clean(line))).collect(),
        });
    }
    Page { sections }
}

fn figures(campaign: &Campaign) -> Vec<(&'static str, String)> {
    let seconds = campaign.elapsed_seconds;
    let lifecycles = campaign.lifecycles;
    let mut faults = format!(
        "{} aimed, {} exercised, {} unreached",
        campaign.fault_points,
        campaign.exercised,
        campaign.unreached_count()
    );
    if campaign.unexplained() > 0 {
        let _ = write!(faults, " ({} for no known reason)", campaign.unexplained());
    }
    let mut time = format!("{seconds:.1} s");
    if seconds > 0.0 {
        // Rates of a report for people: no exact number is lost.
        let rate = |count: u64| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / seconds;
        let _ = write!(
            time,
            ", {:.1} lifecycles and {:.0} calls a second",
            rate(lifecycles),
            rate(campaign.calls)
        );
    }
    if campaign.stopped {
        time.push_str("; stopped before its end");
    }
    let mut runs = format!("{lifecycles} lifecycles, {} calls", campaign.calls);
    for portion in campaign.portions.iter().filter(|portion| portion.of > 1) {
        let _ = write!(
            runs,
            "; shard {} of the {} lifecycles of {}",
            portion.written(),
            portion.planned,
            clean(&portion.scenario)
        );
    }
    vec![
        ("runs", runs),
        ("faults", faults),
        ("time", time),
        (
            "trace",
            format!("{} (seed {})", campaign.trace_hash, campaign.seed),
        ),
    ]
}

/// Call × effect, one character a cell.
fn heat(campaign: &Campaign) -> Section {
    let mut calls: Vec<&str> = campaign
        .heat
        .iter()
        .map(|cell| cell.call.as_str())
        .collect();
    calls.sort_unstable();
    calls.dedup();
    let column = |title, align| Column { title, align };
    let row = |call: &&str| {
        let of_call = campaign.heat.iter().filter(|cell| cell.call == **call);
        let lifecycles = of_call.fold(0_u64, |sum, cell| sum.saturating_add(cell.lifecycles));
        let glyphs = LETTERS
            .iter()
            .map(|(_, effect)| glyph(campaign, call, effect));
        vec![
            Cell::Text(clean(call)),
            Cell::Text(lifecycles.to_string()),
            Cell::Text(glyphs.collect()),
        ]
    };
    let legend: Vec<String> = LETTERS
        .iter()
        .filter(|(_, effect)| campaign.heat.iter().any(|cell| cell.effect == *effect))
        .map(|(letter, effect)| format!("{letter} {effect}"))
        .collect();
    Section {
        title: "Call × effect".to_owned(),
        verdict: None,
        blocks: vec![
            Block::Grid(Grid {
                title: "Call × effect",
                columns: vec![
                    column("Call", Align::Left),
                    column("Runs", Align::Right),
                    column(TITLE, Align::Left),
                ],
                rows: calls.iter().map(row).collect(),
            }),
            Block::Line(format!(
                "o withstood, X finding, ? not reached, . not aimed. {}",
                legend.join(", ")
            )),
        ],
    }
}

fn glyph(campaign: &Campaign, call: &str, effect: &str) -> char {
    let cell = campaign
        .heat
        .iter()
        .find(|cell| cell.call == call && cell.effect == effect);
    match cell {
        None => '.',
        Some(cell) if cell.findings > 0 => 'X',
        Some(cell) if cell.unreached == cell.lifecycles => '?',
        Some(_) => 'o',
    }
}

fn finding(finding: &CampaignFinding) -> Vec<Block> {
    let faults = if finding.faults.is_empty() {
        "without any fault".to_owned()
    } else {
        finding.faults.join(" and ")
    };
    let part = finding
        .part
        .as_ref()
        .map(|part| format!(" in {part}"))
        .unwrap_or_default();
    let mut blocks = vec![Block::Finding {
        title: clean(&finding_id::titled(
            &finding.id,
            &format!("{}: {faults}{part}: {}", finding.scenario, finding.oracle),
        )),
        message: clean(&finding.message),
        replay: finding.replay.clone(),
    }];
    if !finding.calls.is_empty() {
        let calls: Vec<String> = finding.calls.iter().map(|call| clean(call)).collect();
        blocks.push(Block::Line(format!("calls: {}", calls.join("; "))));
    }
    blocks
}

fn limit(limit: &Limit) -> Vec<Block> {
    let mut blocks = finding(&limit.finding);
    blocks.push(Block::Line(clean(&format!("because {}", limit.why))));
    blocks
}

fn unreached(campaign: &Campaign) -> Section {
    let line = |one: &super::Unreached| {
        let reason = one.reason.clone().unwrap_or_else(|| {
            format!(
                "for no known reason: {} calls of this name were made",
                one.seen
            )
        });
        Block::Line(clean(&format!("{}: {}: {reason}", one.scenario, one.fault)))
    };
    let mut all: Vec<&super::Unreached> = campaign.unreached.iter().collect();
    all.sort_by_key(|one| one.reason.is_some());
    let mut blocks: Vec<Block> = all
        .iter()
        .take(UNREACHED_NAMED)
        .map(|one| line(one))
        .collect();
    let more = all.len().saturating_sub(UNREACHED_NAMED);
    if more > 0 {
        blocks.push(Block::Line(format!("and {more} more, by name in the JSON")));
    }
    Section {
        title: "Not reached: inconclusive".to_owned(),
        verdict: None,
        blocks,
    }
}

fn not_run(campaign: &Campaign) -> Section {
    let named = campaign.not_run.iter().take(NOT_RUN_NAMED);
    let mut blocks: Vec<Block> = named.map(|line| Block::Line(clean(line))).collect();
    let named = u64::try_from(blocks.len()).unwrap_or(u64::MAX);
    let more = campaign.not_run_count().saturating_sub(named);
    if more > 0 {
        blocks.push(Block::Line(format!("and {more} more, by name in the JSON")));
    }
    Section {
        title: format!("Not run: {} of the plan", campaign.not_run_count()),
        verdict: Some(Verdict::Unknown),
        blocks,
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::fault::EFFECTS;

    use super::*;
    use crate::campaign::Unreached;

    #[test]
    fn every_effect_has_a_letter_of_its_own_and_stands_under_it() {
        let names: Vec<&str> = LETTERS.iter().map(|(_, name)| *name).collect();
        for (name, _) in EFFECTS {
            assert!(names.contains(name), "{name} has no letter");
        }
        assert_eq!(names.len(), EFFECTS.len());
        let title: String = LETTERS.iter().map(|(letter, _)| *letter).collect();
        assert_eq!(title, TITLE);
    }

    fn campaign() -> Campaign {
        Campaign {
            lifecycles: 1,
            fault_points: 1,
            exercised: 1,
            ..Campaign::default()
        }
    }

    #[test]
    fn only_a_campaign_that_injected_everything_and_found_nothing_passes() {
        assert_eq!(verdict(&campaign()), Verdict::Pass);
        assert_eq!(verdict(&Campaign::default()), Verdict::Unknown);
        let mut stopped = campaign();
        stopped.stopped = true;
        assert_eq!(verdict(&stopped), Verdict::Unknown);
        let mut missed = campaign();
        missed.unreached.push(Unreached {
            scenario: "s".to_owned(),
            faults: Vec::new(),
            fault: "s:Make#1=hang".to_owned(),
            reason: None,
            seen: 0,
        });
        assert_eq!(verdict(&missed), Verdict::Unknown);
        missed.unreached[0].reason = Some("the other fault came first".to_owned());
        assert_eq!(verdict(&missed), Verdict::Pass);
    }

    #[test]
    fn a_part_of_the_plan_that_was_not_run_is_named_and_keeps_it_from_passing() {
        let mut some = campaign();
        some.was_not_run(|| "s: s:Make#2=hang".to_owned());
        assert_eq!(verdict(&some), Verdict::Unknown);
        assert!(format!("{:?}", page(&some)).contains("s: s:Make#2=hang"));
        let mut shifting = campaign();
        shifting.unstable.push("s: s:Make[x]#1".to_owned());
        assert_eq!(verdict(&shifting), Verdict::Unknown);
        assert!(format!("{:?}", page(&shifting)).contains("s: s:Make[x]#1"));
    }

    #[test]
    fn a_limit_of_the_cloud_is_shown_with_its_reason_and_is_no_finding() {
        let finding = CampaignFinding {
            scenario: "s".to_owned(),
            faults: vec!["s:Make#1=late-apply(30)".to_owned()],
            part: None,
            oracle: "O2 duplicates".to_owned(),
            message: "2 of type box were alive".to_owned(),
            calls: Vec::new(),
            replay: "kubeproof faults s".to_owned(),
            id: String::new(),
        };
        let mut limited = campaign();
        limited.limits.push(Limit {
            finding: finding.clone(),
            why: "Make takes no token".to_owned(),
        });
        assert_eq!(verdict(&limited), Verdict::Pass);
        let shown = format!("{:?}", page(&limited));
        for words in [
            "1 limit of the cloud",
            "2 of type box",
            "Make takes no token",
        ] {
            assert!(shown.contains(words), "`{words}` is not in {shown}");
        }
        limited.findings.push(finding);
        assert_eq!(verdict(&limited), Verdict::Fail);
    }
}
