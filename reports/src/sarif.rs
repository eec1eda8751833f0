//! The findings as SARIF 2.1.0, for forges that show them on the lines of the scenario files.
//!
//! One result for each cause, at the line of the forced failure that showed it, or at the part of the scenario that it is
//! about. What could not be determined is a warning: it never vanishes.

use kubeproof_contract::check::Verdict;
use kubeproof_contract::journal::digest;
use serde_json::{Value, json};

use crate::campaign::{Campaign, page};
use crate::causes::{self, Cause};
use crate::cells::{self, Area};
use crate::judge;
use crate::output::TOOL_VERSION;
use crate::record::Record;
use crate::word::{clean, printable};

/// Where the schema is published (OASIS, SARIF 2.1.0 with errata 01, 2023-08-28).
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The rule of what could not be determined.
const UNDETERMINED: &str = "unknown";

/// A result before its rule has a place among the rules.
struct Found {
    rule: String,
    level: &'static str,
    message: String,
    /// Files with their lines, from 1.
    places: Vec<(String, usize)>,
    /// The scenario.
    scenario: String,
    /// The same for the same finding of another run.
    fingerprint: String,
    /// The ids of the findings that it stands for.
    findings: Vec<String>,
    replay: String,
    /// Why it is accepted, if it is.
    accepted: Option<String>,
}

/// The records as SARIF.
pub fn render(records: &[Record]) -> String {
    let causes = causes::of_records(records);
    let mut found: Vec<Found> = causes
        .iter()
        .map(|cause| of_cause(cause, records))
        .collect();
    found.extend(records.iter().flat_map(allowed));
    for record in records {
        let (verdict, message) = judge::trial(record);
        if record.findings.is_empty() && !matches!(verdict, Verdict::Pass | Verdict::Skipped) {
            let places = vec![(record.file.clone(), line(record, None))];
            found.push(undetermined(&record.scenario, verdict, &message, places));
        }
    }
    document(&found, judge::all(records))
}

/// A campaign as SARIF. Its record names scenarios and not files.
pub fn of_campaign(campaign: &Campaign) -> String {
    let causes = causes::of_campaign(&campaign.findings);
    let mut found: Vec<Found> = causes.iter().map(|cause| of_cause(cause, &[])).collect();
    let verdict = page::verdict(campaign);
    if found.is_empty() && verdict != Verdict::Pass {
        let message = "not every fault was injected, or not everything could be determined";
        let scenarios = campaign.scenarios.join(", ");
        found.push(undetermined(&scenarios, verdict, message, Vec::new()));
    }
    document(&found, verdict)
}

fn undetermined(
    scenario: &str,
    verdict: Verdict,
    message: &str,
    places: Vec<(String, usize)>,
) -> Found {
    Found {
        rule: UNDETERMINED.to_owned(),
        level: "warning",
        message: clean(&format!("{scenario} is {verdict}: {message}")),
        places,
        scenario: scenario.to_owned(),
        fingerprint: digest(format!("{UNDETERMINED}\n{scenario}").as_bytes()),
        findings: Vec::new(),
        replay: String::new(),
        accepted: None,
    }
}

fn of_cause(cause: &Cause, records: &[Record]) -> Found {
    let mut places: Vec<(String, usize)> = Vec::new();
    for seen in &cause.seen {
        let Some(record) = seen.record.and_then(|index| records.get(index)) else {
            continue;
        };
        let finding = record.findings.iter();
        let finding = finding.clone().find(|it| it.oracle == cause.oracle);
        let place = (
            record.file.clone(),
            line(record, finding.map(cells::of_finding)),
        );
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let message = cause.messages.first().map(String::as_str);
    let message = message.unwrap_or_default();
    let message = match cause.parts.len() {
        0 | 1 => message.to_owned(),
        _ => format!("{}, {}: {message}", cause.title, cause.month.text()),
    };
    Found {
        rule: cause.oracle.clone(),
        level: "error",
        message: clean(&message),
        places,
        scenario: cause.scenario.clone(),
        fingerprint: digest(cause.fingerprint().as_bytes()),
        findings: cause.ids.clone(),
        replay: cause
            .seen
            .first()
            .map(|seen| printable(&seen.replay))
            .unwrap_or_default(),
        accepted: None,
    }
}

/// What the scenario accepts: results that are suppressed, with the reason.
fn allowed(record: &Record) -> impl Iterator<Item = Found> {
    record.allowed.iter().map(|one| {
        let finding = &one.finding;
        let place = line(record, Some(cells::of_finding(finding)));
        Found {
            rule: finding.oracle.clone(),
            level: "error",
            message: clean(&finding.message),
            places: vec![(record.file.clone(), place)],
            scenario: record.scenario.clone(),
            fingerprint: digest(finding.id.as_bytes()),
            findings: vec![clean(&finding.id)],
            replay: printable(&finding.replay),
            accepted: Some(clean(&one.permission.words())),
        }
    })
}

/// The line of the scenario file that a finding is about, from 1; 1 where the text is not at hand.
fn line(record: &Record, area: Option<Area>) -> usize {
    let key = |line: &str, key: &str| {
        line.strip_prefix(key)
            .is_some_and(|rest| rest.starts_with(':'))
    };
    let failure = judge::names(record).1;
    let is_it = |line: &str| match (failure, area) {
        (Some(failure), _) => {
            let line = line.trim_start().trim_start_matches("- ");
            let name = line
                .strip_prefix("name:")
                .map(|it| it.trim().trim_matches(['"', '\'']));
            name == Some(failure)
        }
        (None, Some(Area::Cost)) => key(line, "cost"),
        (None, Some(Area::Execution)) => key(line, "job"),
        (None, Some(_)) => key(line, "cluster") || key(line, "provisioner"),
        (None, None) => key(line, "scenario"),
    };
    let index = record.text.lines().position(is_it);
    index.map_or(1, |index| index + 1)
}

fn document(found: &[Found], verdict: Verdict) -> String {
    let mut rules: Vec<&str> = found.iter().map(|it| it.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Value> = found.iter().map(|it| result(it, &rules)).collect();
    let rules: Vec<Value> = rules
        .iter()
        .map(|rule| json!({ "id": rule, "shortDescription": { "text": rule } }))
        .collect();
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "kubeproof",
                "version": TOOL_VERSION,
                "semanticVersion": TOOL_VERSION,
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "properties": { "verdict": verdict },
            "results": results,
        }],
    });
    // Plain data with text keys always serialises; if that ever changes, a reader must notice.
    let text = serde_json::to_string_pretty(&document)
        .unwrap_or_else(|error| json!({ "error": error.to_string() }).to_string());
    text + "\n"
}

fn result(found: &Found, rules: &[&str]) -> Value {
    let location = |(file, line): &(String, usize)| {
        json!({ "physicalLocation": {
            "artifactLocation": artifact(file),
            "region": { "startLine": line },
        }})
    };
    let logical = json!({ "logicalLocations": [{ "name": clean(&found.scenario) }] });
    let mut places = found.places.iter().map(location);
    let first = places.next().unwrap_or(logical);
    let others: Vec<Value> = places.collect();
    let mut result = json!({
        "ruleId": found.rule,
        "ruleIndex": rules.iter().position(|rule| *rule == found.rule),
        "level": found.level,
        "message": { "text": found.message },
        "locations": [first],
        "partialFingerprints": { "kubeproof/v1": found.fingerprint },
        "properties": { "scenario": clean(&found.scenario), "replay": found.replay },
    });
    // One result may stand for several findings, such as a network with its parts: the first one's id is the result's.
    if let Some(first) = found.findings.first() {
        result["partialFingerprints"]["kubeproof/findingId/v1"] = json!(first);
        result["properties"]["findings"] = json!(found.findings);
    }
    if let Some(reason) = &found.accepted {
        result["suppressions"] =
            json!([{ "kind": "inSource", "status": "accepted", "justification": reason }]);
    }
    if !others.is_empty() {
        result["relatedLocations"] = Value::Array(others);
    }
    result
}

/// A file: below the root of the sources, unless its path begins at the root of the machine.
fn artifact(file: &str) -> Value {
    if file.starts_with('/') {
        return json!({ "uri": format!("file://{}", uri(file)) });
    }
    json!({ "uri": uri(file), "uriBaseId": "%SRCROOT%" })
}

/// A path as a relative URI: what is no letter, digit or part of a path is written in percent.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
