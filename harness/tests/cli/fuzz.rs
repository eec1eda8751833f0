//! All input from outside is read or refused, and nothing panics: scenario files, faults, records, and what programs
//! write. `KUBEPROOF_FUZZ_CASES` raises the number of cases.
//!
//! Simulators have their own fuzz tests (`tests/fuzz.rs` in each), which send arbitrary requests.

use std::path::Path;

use kubeproof::providers;
use kubeproof::scenario::read::parse;
use kubeproof_contract::fault::Fault;
use kubeproof_external::output::{self, Kubeconfig};
use kubeproof_external::provisioner::terraform::plan_output;
use kubeproof_reports::campaign::{self, Campaign};
use kubeproof_reports::format::{Format, Style, render};
use kubeproof_reports::record::Record;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use crate::program::{SCENARIO, json, kubeproof, testdata};

#[path = "../../../providers/simkit/tests/support/fuzz.rs"]
mod strategies;

use strategies::cases;

/// Valid scenario files, to be changed.
fn scenarios() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios");
    let mut all = vec![SCENARIO.to_owned()];
    for provider in [
        "aws",
        "azure",
        "gcp",
        "huggingface",
        "lambda",
        "kind",
        "external",
    ] {
        let entries = std::fs::read_dir(folder.join(provider))
            .into_iter()
            .flatten();
        let files = entries.flatten().filter(|entry| entry.path().is_file());
        all.extend(files.filter_map(|entry| std::fs::read_to_string(entry.path()).ok()));
    }
    assert!(all.len() > 5, "scenarios were found");
    all
}

/// Words of scenario files.
fn words() -> Vec<String> {
    let mut words: Vec<String> = scenarios()
        .iter()
        .flat_map(|text| text.split(|c: char| c.is_whitespace() || c == ':' || c == '"'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.extend(
        [
            "&a", "*a", "!!binary", "|", ">-", "- ", "<<: *a", "? x", "---", "\t", "#", "'",
            "{a: [", "~",
        ]
        .map(str::to_owned),
    );
    words
}

/// A change to a text: another value in a line, an added line, or a cut.
#[derive(Clone, Debug)]
enum Change {
    Value(Index, String),
    Line(Index, String),
    Cut(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let text = strategies::text(words());
    let line = (prop::collection::vec(text.clone(), 1..4), 0..8_usize);
    let line =
        line.prop_map(|(words, set_in)| format!("{}{}", " ".repeat(set_in), words.join(": ")));
    prop_oneof![
        4 => (any::<Index>(), text).prop_map(|(at, text)| Change::Value(at, text)),
        3 => (any::<Index>(), line).prop_map(|(at, line)| Change::Line(at, line)),
        1 => any::<Index>().prop_map(Change::Cut),
    ]
}

fn changed(text: &str, changes: &[Change]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for change in changes {
        let count = lines.len() + 1;
        match change {
            Change::Value(at, text) => {
                if let Some(line) = lines.get_mut(at.index(count)) {
                    let key = line.split_once(": ").map(|(key, _)| key.to_owned());
                    *line = format!("{}: {text}", key.unwrap_or_default());
                }
            }
            Change::Line(at, line) => lines.insert(at.index(count), line.clone()),
            Change::Cut(at) => lines.truncate(at.index(count)),
        }
    }
    lines.join("\n")
}

/// A record of a trial that went wrong in many ways, and a campaign's.
fn documents() -> (Value, Value) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.yaml"), SCENARIO).expect("written");
    let wrong = testdata("provisioners");
    assert!(wrong.is_dir());
    let arguments = [
        "verify",
        "s.yaml",
        "--format",
        "json",
        "-q",
        "--fault",
        "ec2:CreateVpc=quota",
    ];
    let verified = json(&kubeproof(folder.path(), &arguments));
    let arguments = [
        "faults",
        "s.yaml",
        "--effects",
        "quota",
        "--shard",
        "1/40",
        "--format",
        "json",
        "-q",
    ];
    let campaign = json(&kubeproof(folder.path(), &arguments));
    (verified["records"][0].clone(), campaign)
}

/// Replaces leaves with others of the same type, or any value with any other.
fn damaged(mut document: Value, changes: &[(Index, String, u64, bool)]) -> Value {
    for (at, text, number, anything) in changes {
        let mut leaves = Vec::new();
        collect(&mut document, &mut leaves);
        let at = at.index(leaves.len());
        let leaf = &mut *leaves[at];
        *leaf = match leaf {
            Value::Number(_) if !anything => Value::from(*number),
            Value::String(_) | Value::Null if !anything => Value::from(text.clone()),
            Value::Bool(is) if !anything => Value::from(!*is),
            _ => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text.clone())),
        };
    }
    document
}

fn collect<'a>(document: &'a mut Value, leaves: &mut Vec<&'a mut Value>) {
    let is_leaf = match document {
        Value::Array(all) => all.is_empty(),
        Value::Object(all) => all.is_empty(),
        _ => true,
    };
    if is_leaf {
        leaves.push(document);
        return;
    }
    match document {
        Value::Array(all) => all.iter_mut().for_each(|one| collect(one, leaves)),
        Value::Object(all) => all.values_mut().for_each(|one| collect(one, leaves)),
        _ => {}
    }
}

fn damage() -> impl Strategy<Value = Vec<(Index, String, u64, bool)>> {
    let text = strategies::text(words());
    let number = prop_oneof![Just(u64::MAX), Just(0), any::<u64>(), 0..1000_u64];
    let anything = proptest::bool::weighted(0.1);
    prop::collection::vec((any::<Index>(), text, number, anything), 1..6)
}

/// A usual width, a narrow one, and none.
fn styles() -> [Style; 3] {
    [Some(80), Some(1), None].map(|width| Style {
        colour: width.is_none(),
        width,
        brief: width.is_some(),
        criteria: width.is_some(),
    })
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn any_scenario_file_is_read_or_refused(
        text in select(scenarios()),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let text = changed(&text, &changes);
        // Either result is right, as long as nothing panics.
        let _ = parse("s.yaml", &text, &providers::shared());
    }

    #[test]
    fn any_text_is_a_fault_or_refused_and_a_fault_is_read_back_from_its_own_text(
        text in prop_oneof![
            "\\PC{0,40}",
            "([a-z]{1,9}/)?[a-z0-9]{0,9}:[A-Za-z*]{0,12}(#[0-9]{0,21})?(\\*[0-9]{0,21})?=[a-z-]{0,20}(\\(.{0,22}\\))?",
            "ec2:CreateVpc#[0-9]{1,21}\\*[0-9]{1,21}=(late-apply|throttle|async-late)\\([0-9]{1,21}\\)",
        ],
    ) {
        if let Ok(fault) = text.parse::<Fault>() {
            prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
        }
    }

    #[test]
    fn what_a_program_writes_is_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        text in strategies::text(words()),
        document in strategies::json(words(), words()),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("output.json");
        let object = serde_json::json!({
            "kubeconfig": text, "claimed_usd_per_hour": document, "made": {"a": text},
        });
        let access = serde_json::json!({ "kubeconfig": document.to_string() + "\n" });
        for content in [bytes, object.to_string().into_bytes(), access.to_string().into_bytes()] {
            std::fs::write(&path, content).expect("written");
            if let Ok(output) = output::read(&path) {
                let _ = (output.claim(), handed(&output, folder.path()));
            }
        }
        let _ = (plan_output::changes(&document), plan_output::output(&document));
    }
}

#[test]
fn any_record_is_shown_or_refused() {
    let (record, campaign) = documents();
    let mut runner = proptest::test_runner::TestRunner::new(cases(128));
    let shown = std::cell::Cell::new(0_u32);
    let result = runner.run(&damage(), |changes| {
        if let Ok(record) = serde_json::from_value::<Record>(damaged(record.clone(), &changes)) {
            shown.set(shown.get() + 1);
            let records = [record.clone(), record];
            for (format, style) in Format::ALL
                .iter()
                .flat_map(|it| styles().map(|style| (it, style)))
            {
                render(*format, &records, &style);
            }
        }
        if let Ok(campaign) =
            serde_json::from_value::<Campaign>(damaged(campaign.clone(), &changes))
        {
            let mut sum = campaign.clone();
            sum.merge(campaign);
            for (format, style) in Format::ALL
                .iter()
                .flat_map(|it| styles().map(|style| (it, style)))
            {
                campaign::render::render(*format, &sum, &style);
            }
        }
        Ok(())
    });
    if let Err(failure) = result {
        panic!("{failure}");
    }
    assert!(
        shown.get() > 10,
        "most damage leaves a record: {}",
        shown.get()
    );
}

#[test]
fn a_claim_beyond_any_comparison_is_shown_in_every_format() {
    let (mut record, _) = documents();
    record["cost"]["claimed_usd_per_hour"] = Value::from("79228162514264337593543950335");
    record["cost"]["list_usd_per_hour"] = Value::from("0.2876");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("record.json"), record.to_string()).expect("written");
    for format in Format::ALL {
        let format = format.to_string();
        let output = kubeproof(
            folder.path(),
            &["report", "record.json", "--format", &format],
        );
        let said = crate::program::stderr(&output);
        assert!(!said.contains("error: internal error:"), "{format}: {said}");
    }
}

#[test]
fn documents_that_are_nested_too_deeply_are_refused() {
    let deep = |open: &str, count: usize| open.repeat(count);
    for text in [
        deep("[", 100_000),
        deep("{a: ", 100_000),
        deep("- ", 100_000),
        format!("cluster: {}", deep("[", 100_000)),
        format!(
            "{SCENARIO}provisioner:\n  terraform:\n    dir: x\n    vars: {{a: {}",
            deep("[", 100_000)
        ),
        // Each name expands to ten of the one before.
        (0..9).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            let more = vec![format!("*a{n}"); 10].join(", ");
            format!("{text}a{}: &a{} [{more}]\n", n + 1, n + 1)
        }),
    ] {
        let read = parse("s.yaml", &text, &providers::shared());
        assert!(read.is_err());
    }
}

/// Whether a kubeconfig handed over by a program is accepted; also reads the text as its credential helper's answer.
fn handed(output: &output::Output, folder: &Path) -> bool {
    use kubeproof_kubernetes::kubeconfig;
    let Ok(Some(Kubeconfig { text, .. })) = output.kubeconfig(folder) else {
        return false;
    };
    let helper = kubeconfig::helper(&text).is_ok_and(|helper| helper.is_some());
    let by_answer = kubeconfig::access_by(&text, &text).is_ok();
    helper || by_answer || kubeconfig::access(&text).is_ok()
}
