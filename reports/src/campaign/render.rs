//! A campaign's report in each format.

use kubeproof_contract::check::Verdict;
use quick_junit::{Report, TestSuite};

use super::Campaign;
use super::page::{page, verdict};
use crate::finding_id;
use crate::format::{Format, Style};
use crate::output::Output;
use crate::{html, junit, markdown, sarif, table};

/// The campaign as a report, ending with a line break.
pub fn render(format: Format, campaign: &Campaign, style: &Style) -> String {
    match format {
        Format::Table => table::of_page(&page(campaign), style),
        Format::Markdown => markdown::of_page(&page(campaign)),
        Format::Json => json(campaign),
        Format::Junit => junit(campaign),
        Format::Html => html::of_campaign(campaign),
        Format::Sarif => sarif::of_campaign(campaign),
    }
}

fn json(campaign: &Campaign) -> String {
    Output::new(verdict(campaign), campaign).text()
}

/// A case for each cell of the heat table, and one for the whole.
fn junit(campaign: &Campaign) -> String {
    let mut suite = TestSuite::new("faults");
    let findings: Vec<String> = campaign
        .findings
        .iter()
        .map(|finding| {
            let faults = finding.faults.join(" ");
            let (oracle, message) = (&finding.oracle, &finding.message);
            let title = finding_id::titled(&finding.id, oracle);
            format!("{title}: {message} ({faults}; replay: {})", finding.replay)
        })
        .collect();
    let whole = verdict(campaign);
    suite.add_test_case(junit::case(
        "faults",
        "campaign",
        whole,
        &findings.join("; "),
    ));
    for cell in &campaign.heat {
        let verdict = if cell.findings > 0 {
            Verdict::Fail
        } else if cell.unreached == cell.lifecycles {
            Verdict::Unknown
        } else {
            Verdict::Pass
        };
        let message = format!("{} lifecycles, {} findings", cell.lifecycles, cell.findings);
        suite.add_test_case(junit::case(&cell.call, &cell.effect, verdict, &message));
    }
    let mut report = Report::new("kubeproof faults");
    report.add_test_suite(suite);
    report.to_string().unwrap_or_default()
}
