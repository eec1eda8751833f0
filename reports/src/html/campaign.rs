//! The page of a fault campaign: findings by cause, the table of calls and effects, limits, and what is inconclusive.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::document::{Document, Part, document};
use super::element::{block, text, wide};
use super::findings::{self, cards};
use crate::campaign::page::{page, verdict};
use crate::campaign::{Campaign, CampaignFinding, Heat, Limit};
use crate::causes::{self, Cause};
use crate::page::{Block, Section};
use crate::word::counted;

/// The campaign as a page.
pub fn render(campaign: &Campaign) -> String {
    let causes = causes::of_campaign(&campaign.findings);
    let mut parts = vec![findings::part(&causes, "")];
    if !campaign.heat.is_empty() {
        parts.push(heat(campaign, &causes));
    }
    if !campaign.limits.is_empty() {
        let title = "Limits of the cloud: no provisioner could do better";
        parts.push(limits(&campaign.limits, "limits", title));
    }
    if !campaign.allowed.is_empty() {
        let title = "Allowed by the scenario";
        parts.push(limits(&campaign.allowed, "allowed", title));
    }
    // What every format shows alike: the figures, and what is inconclusive.
    let sections = page(campaign).sections.into_iter().enumerate();
    let shown = sections.filter(|(index, section)| *index == 0 || is_plain(section));
    parts.extend(shown.map(|(index, section)| plain(index, &section)));
    document(&Document {
        verdict: verdict(campaign),
        subject: campaign.scenarios.join(", "),
        date: campaign
            .finished_at
            .map(|at| at.strftime("%Y-%m-%d %H:%M UTC").to_string()),
        findings: counted(campaign.findings.len(), "finding"),
        summary: format!(
            "{} with {} of {} faults injected",
            counted(
                usize::try_from(campaign.lifecycles).unwrap_or(usize::MAX),
                "lifecycle"
            ),
            campaign.exercised,
            campaign.fault_points
        ),
        parts,
    })
}

/// Whether a section has only lines: findings, limits and the table of effects have parts of their own.
fn is_plain(section: &Section) -> bool {
    let mut blocks = section.blocks.iter();
    let lines = blocks.all(|block| matches!(block, Block::Line(_)));
    lines && !section.blocks.is_empty()
}

fn plain(index: usize, section: &Section) -> Part {
    Part {
        id: format!("part-{index}"),
        title: if index == 0 {
            "Figures".to_owned()
        } else {
            section.title.clone()
        },
        verdict: section.verdict.filter(|_| index > 0),
        filtered: false,
        content: section.blocks.iter().map(block).collect(),
    }
}

/// What is wrong and no finding.
fn limits(limits: &[Limit], id: &str, title: &str) -> Part {
    let findings: Vec<CampaignFinding> = limits
        .iter()
        .map(|limit| CampaignFinding {
            message: format!("{}, because {}", limit.finding.message, limit.why),
            ..limit.finding.clone()
        })
        .collect();
    Part {
        id: id.to_owned(),
        title: title.to_owned(),
        verdict: None,
        filtered: false,
        content: cards(
            &causes::of_campaign(&findings),
            if id == "limits" { "limit" } else { id },
        ),
    }
}

/// Calls and effects as a table: a cell for each effect on a call, with its name, what came of it, and a link to the
/// finding.
fn heat(campaign: &Campaign, causes: &[Cause]) -> Part {
    let effects: BTreeSet<&str> = campaign.heat.iter().map(|it| it.effect.as_str()).collect();
    let calls: BTreeSet<&str> = campaign.heat.iter().map(|it| it.call.as_str()).collect();
    let header: String = effects
        .iter()
        .map(|effect| {
            let effect = text(effect);
            format!("<th scope=\"col\" role=\"columnheader\" class=\"effect\">{effect}</th>")
        })
        .collect();
    let mut rows = String::new();
    for call in calls {
        let of_call = || campaign.heat.iter().filter(|it| it.call == call);
        let runs = of_call().fold(0_u64, |sum, it| sum.saturating_add(it.lifecycles));
        let cells: String = effects
            .iter()
            .map(|effect| cell(of_call().find(|it| it.effect == **effect), campaign, causes))
            .collect();
        let _ = writeln!(
            rows,
            "<tr role=\"row\" data-filter><th scope=\"row\" role=\"rowheader\">{}</th>\
             <td role=\"cell\" class=\"right\"><span class=\"effect\">lifecycles </span>{runs}</td>{cells}</tr>",
            text(call)
        );
    }
    let table = format!(
        "<table class=\"heat\" role=\"table\" aria-label=\"Calls and effects\">\n<thead role=\"rowgroup\"><tr role=\"row\">\
         <th scope=\"col\" role=\"columnheader\">Call</th><th scope=\"col\" role=\"columnheader\">Lifecycles</th>{header}</tr></thead>\n\
         <tbody role=\"rowgroup\">\n{rows}</tbody>\n</table>"
    );
    let legend = "<p class=\"note\">“held” is a lifecycle without a finding, “missed” a fault that was not injected: it \
                  proves nothing. An empty cell was not aimed at.</p>\n";
    Part {
        id: "effects".to_owned(),
        title: "Calls and effects".to_owned(),
        verdict: None,
        filtered: false,
        content: format!("{legend}{}", wide("Calls and effects", &table)),
    }
}

fn cell(heat: Option<&Heat>, campaign: &Campaign, causes: &[Cause]) -> String {
    let Some(heat) = heat else {
        return "<td role=\"cell\" class=\"none\"></td>".to_owned();
    };
    let (class, words) = if heat.findings > 0 {
        ("fail", format!("✗ found {}", heat.findings))
    } else if heat.unreached == heat.lifecycles {
        ("unknown", "? missed".to_owned())
    } else if heat.unreached > 0 {
        ("pass", format!("✓ held, {} missed", heat.unreached))
    } else {
        ("pass", "✓ held".to_owned())
    };
    let at = (heat.call.as_str(), heat.effect.as_str());
    let content = match causes::of_cell(causes, &campaign.findings, at) {
        Some(index) if heat.findings > 0 => {
            format!("<a href=\"#finding-{}\">{words}</a>", index + 1)
        }
        _ if heat.findings > 0 => format!("<a href=\"#findings\">{words}</a>"),
        _ => words,
    };
    format!(
        "<td role=\"cell\" class=\"{class}\"><span class=\"effect\">{} </span>{content}</td>",
        text(&heat.effect)
    )
}
