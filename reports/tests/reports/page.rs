//! The HTML page: what a reader sees first, that every link leads somewhere, and its pieces as approved text.

use std::collections::BTreeSet;

use kubeproof_contract::call::{Actor, Signature};
use kubeproof_contract::journal::Call;
use kubeproof_reports::campaign::{self, Campaign, CampaignFinding, Heat, Limit};
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::record::{FaultRecord, Orphan, Record};
use kubeproof_reports::{causes, timeline};

use crate::common::{
    audit_denied, claims_too_little, deletes_a_bystander, failures, finding, leaks_an_address,
    money, passing, records,
};

/// A page without what is the same on all of them.
pub fn without_style_and_script(html: &str) -> String {
    let mut text = html.to_owned();
    for tag in ["style", "script"] {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        if let (Some(from), Some(until)) = (text.find(&open), text.find(&close)) {
            text.replace_range(from + open.len()..until, "…");
        }
    }
    text
}

fn html(records: &[Record]) -> String {
    render(Format::Html, records, &Style::default())
}

fn call(ordinal: u64, second: i64, operation: &str, mutating: bool) -> Call {
    let start: jiff::Timestamp = "2026-03-02T08:20:00Z".parse().expect("a date");
    Call {
        ordinal,
        at: start + jiff::SignedDuration::from_secs(second),
        actor: Actor::Provisioner,
        signature: Signature {
            service: "north".to_owned(),
            operation: operation.to_owned(),
            mutating,
        },
        target: "POST /".to_owned(),
        status: Some(200),
        error: None,
        milliseconds: 100,
        request_digest: format!("digest of {operation}"),
        response_digest: String::new(),
        names: Vec::new(),
        made: Vec::new(),
        key: None,
        changed: false,
    }
}

/// A run that leaves a network with a gateway and a subnet in it, and an address of its own.
fn leaks_a_network() -> Record {
    let mut record = leaks_an_address();
    record.scenario = "leaks-network".to_owned();
    let one = |resource_type: &str, id: &str, usd: &str, part_of: Option<&str>| Orphan {
        resource_type: resource_type.to_owned(),
        id: id.to_owned(),
        name: None,
        region: "north-1".to_owned(),
        scope: None,
        monthly_cost_usd: Some(money(usd)),
        starts_when_used: None,
        proofs: vec!["the run's tag".to_owned()],
        part_of: part_of.map(str::to_owned),
    };
    record.audit.orphans = vec![
        one("gateway", "gw-1", "32.85", Some("sub-1")),
        one("address", "ip-1", "3.65", None),
        one("subnet", "sub-1", "0", Some("net-1")),
        one("net", "net-1", "0", None),
    ];
    record.findings.clear();
    for (message, _) in [
        ("gateway gw-1 in north-1: $32.85 a month, left behind", 1),
        ("address ip-1 in north-1: $3.65 a month, left behind", 2),
        ("net net-1 in north-1: $0.00 a month, left behind", 3),
        ("subnet sub-1 in north-1: $0.00 a month, left behind", 4),
    ] {
        finding(&mut record, "O1 orphans", message);
    }
    record.faults = vec![FaultRecord {
        fault: "north:MakeGateway=lost-response".to_owned(),
        seen: 1,
        injected: 1,
    }];
    let mut journal = vec![
        Call {
            made: vec!["net-1".to_owned()],
            ..call(1, 10, "MakeNet", true)
        },
        Call {
            status: None,
            error: Some("connection reset".to_owned()),
            ..call(2, 20, "MakeGateway", true)
        },
    ];
    journal
        .extend((0..30_i64).map(|n| call(3 + n.unsigned_abs(), 25 + n * 15, "ReadGateway", false)));
    journal.push(Call {
        names: vec!["net-1".to_owned()],
        status: Some(409),
        error: Some("InUse".to_owned()),
        ..call(40, 2000, "DeleteNet", true)
    });
    record.journal = journal.into();
    record
}

#[test]
fn a_network_with_its_parts_is_one_finding_and_the_dearest_comes_first() {
    let causes = causes::of_records(&[claims_too_little(), leaks_a_network()]);
    let shown: Vec<String> = causes
        .iter()
        .map(|it| format!("{}: {} – {}", it.oracle, it.title, it.month.text()))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    O1 orphans: net net-1 and 2 parts – $32.85 a month
    O1 orphans: address ip-1 – $3.65 a month
    cost: the claim of $0.1800/h leaves out NAT gateways ($0.0900), public addresses ($0.0100) and disks … –
    ");
    // The calls that name the network.
    let calls = &causes[0].seen[0].calls;
    assert_eq!(
        calls,
        &["1 north:MakeNet 200", "40 north:DeleteNet 409 InUse"]
    );
    // Nothing names the address: the calls around the fault.
    let calls = &causes[1].seen[0].calls;
    assert_eq!(calls[1], "→ 2 north:MakeGateway connection reset");
}

#[test]
fn what_several_trials_show_alike_is_one_finding_with_all_of_them() {
    let mut again = leaks_an_address();
    again.scenario.push_str("/cluster-throttled");
    again.audit.orphans[0].id = "eipalloc-0f99".to_owned();
    again.findings[0].message = again.findings[0].message.replace("0d22", "0f99");
    let causes = causes::of_records(&[leaks_an_address(), again.clone()]);
    assert_eq!((causes.len(), causes[0].seen.len()), (1, 2));
    // Another type of resource is another cause.
    again.audit.orphans[0].resource_type = "disk".to_owned();
    again.findings[0].message = again.findings[0].message.replace("elastic_ip", "disk");
    assert_eq!(causes::of_records(&[leaks_an_address(), again]).len(), 2);
}

#[test]
fn an_id_that_only_begins_alike_is_not_named_by_a_finding() {
    let mut record = leaks_an_address();
    record.findings[0].message = "elastic_ip eipalloc-0d227 outlives the run".to_owned();
    assert_eq!(causes::of_records(&[record])[0].parts, []);
}

#[test]
fn what_was_somebody_elses_has_its_price_and_what_became_of_it() {
    let causes = causes::of_records(&[deletes_a_bystander()]);
    assert_eq!(causes[0].month.text(), "$0.00 a month");
    assert!(causes[0].parts[0].why.contains("not the run's"));
}

#[test]
fn orphans_that_are_parts_of_each_other_end_all_the_same() {
    let mut record = leaks_a_network();
    record.audit.orphans[3].part_of = Some("sub-1".to_owned());
    assert!(!causes::of_records(&[record]).is_empty());
}

#[test]
fn the_timeline_shows_phases_waits_and_where_a_fault_was_injected() {
    let line = timeline::of(&leaks_a_network());
    let shown = |bars: &[timeline::Bar]| {
        let bars = bars.iter().map(|bar| {
            let (label, from, seconds) = (&bar.label, bar.from, bar.seconds);
            format!("{label}: {seconds} s from {from}")
        });
        bars.collect::<Vec<_>>()
    };
    assert_eq!(line.seconds, 2741);
    assert_eq!(shown(&line.phases)[2], "provision: 1324 s from 3");
    assert_eq!(
        shown(&line.waits),
        ["north:ReadGateway, 30 calls: 435 s from 25"]
    );
    assert_eq!(line.faults[0].at, Some(20));
    // Without a journal the phases are there all the same, and no time is made up for the fault.
    let mut record = leaks_a_network();
    record.journal = Vec::new().into();
    let line = timeline::of(&record);
    assert_eq!(
        (line.phases.len(), line.waits.len(), line.faults[0].at),
        (9, 0, None)
    );
}

#[test]
fn the_title_has_the_verdict_and_the_date_and_findings_come_first() {
    let page = html(&[passing(), leaks_an_address(), claims_too_little()]);
    let title = "<title>✗ fail: 2 findings in eks-leaks-address, eks-claims-low, 2026-03-02 09:05 UTC (virtual clock) – kubeproof</title>";
    assert!(page.contains(title), "{page}");
    let at = |text: &str| page.find(text).expect(text);
    assert!(at("id=\"finding-1\"") < at("id=\"finding-2\""));
    assert!(at("id=\"finding-2\"") < at("id=\"matrix\""));
    assert!(at("id=\"matrix\"") < at("id=\"trial-1\""));
    // The address has a price, the claim has none.
    assert!(at("elastic_ip eipalloc-0d22") < at("the claim of $0.1800/h"));
}

#[test]
fn a_trial_that_is_unknown_stands_with_the_findings_and_is_never_a_pass() {
    let page = html(&[audit_denied()]);
    assert!(page.contains("<title>? unknown: 0 findings in eks-audit-denied"));
    let card = "<article class=\"finding open\" data-filter>\n<h3><span>? <a href=\"#trial-1\">eks-audit-denied is unknown</a></span></h3>";
    assert!(page.contains(card), "{page}");
    assert!(page.contains("41 of 42 cells listed to their last page"));
    assert_eq!(page.matches("<i class=\"unknown\"></i>").count(), 1);
}

#[test]
fn an_unknown_amount_has_no_bar() {
    let mut record = passing();
    record.cost.billed = None;
    for line in &mut record.cost.lines {
        line.billed = None;
    }
    let page = html(&[record]);
    assert!(!page.contains("amount billed"));
    assert!(page.contains("amount metered"));
}

/// All values of an attribute on a page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let before = format!(" {attribute}=\"");
    let all = page.split(&before).skip(1);
    all.filter_map(|rest| rest.split('"').next()).collect()
}

#[track_caller]
fn links_lead_somewhere(page: &str) {
    let ids = values(page, "id");
    let unique: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), unique.len(), "an id is there twice");
    for href in values(page, "href") {
        let id = href
            .strip_prefix('#')
            .expect("a link that stays on the page");
        assert!(unique.contains(id), "{href} leads nowhere");
    }
    for attribute in ["aria-labelledby", "for", "data-copy"] {
        for id in values(page, attribute) {
            assert!(unique.contains(id), "{attribute} {id}");
        }
    }
}

#[test]
fn every_link_leads_to_an_anchor_that_is_there_once() {
    links_lead_somewhere(&html(&records()));
    links_lead_somewhere(&html(&[]));
    // The failures alone, without the main trial.
    links_lead_somewhere(&html(&failures()));
    links_lead_somewhere(&html(&[
        leaks_a_network(),
        audit_denied(),
        deletes_a_bystander(),
    ]));
    links_lead_somewhere(&campaign_page(&found()));
}

#[test]
fn nothing_is_loaded_and_only_what_needs_the_script_is_hidden_without_it() {
    for page in [html(&records()), campaign_page(&found())] {
        for word in ["http://", "https://", " src=", "@import", "url(", "<link"] {
            assert!(!page.contains(word), "{word}");
        }
        let hidden = page.matches(" hidden>").count();
        assert_eq!(hidden, page.matches(" data-script hidden>").count());
        assert!(hidden > 0);
    }
}

fn found() -> Campaign {
    let lost = |key: &str, id: &str| CampaignFinding {
        scenario: "s".to_owned(),
        faults: vec![format!("north:MakeNet[{key}]#1=lost-response")],
        part: Some("provision".to_owned()),
        oracle: "O2 duplicates".to_owned(),
        message: format!("2 of type net were alive: net-{id}: $32.85 a month"),
        calls: vec![
            "  1 north:ReadNets 200".to_owned(),
            "→ 2 north:MakeNet 0".to_owned(),
        ],
        replay: format!("kubeproof faults s.yaml --replay '{key}'"),
        id: format!("F-00000000{id}"),
    };
    let heat = |effect: &str, findings, unreached| Heat {
        call: "north:MakeNet".to_owned(),
        effect: effect.to_owned(),
        lifecycles: 2,
        findings,
        unreached,
    };
    Campaign {
        scenarios: vec!["s".to_owned()],
        lifecycles: 6,
        fault_points: 6,
        exercised: 4,
        findings: vec![lost("a~1", "17"), lost("b~2", "18")],
        limits: vec![Limit {
            finding: CampaignFinding {
                faults: vec!["north:MakeNet#1=late-apply(30)".to_owned()],
                ..lost("c", "19")
            },
            why: "MakeNet takes no token".to_owned(),
        }],
        heat: vec![
            heat("hang", 0, 2),
            heat("lost-response", 2, 0),
            Heat {
                call: "north:ReadNets".to_owned(),
                ..heat("reject", 0, 0)
            },
        ],
        finished_at: "2026-03-02T09:05:41Z".parse().ok(),
        ..Campaign::default()
    }
}

fn campaign_page(found: &Campaign) -> String {
    campaign::render::render(Format::Html, found, &Style::default())
}

#[test]
fn a_campaign_shows_each_effect_with_its_name_and_links_it_to_its_finding() {
    insta::assert_snapshot!(
        "campaign",
        without_style_and_script(&campaign_page(&found()))
    );
}
