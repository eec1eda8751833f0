//! What commands print with `--format json`, judged against their published schemas by a validator that nobody here wrote.

use std::path::Path;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;

use crate::program::{code, folder_with_scenario, json, kubeproof, stderr, testdata};

/// A published schema.
struct Judge {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Judge {
    fn of(command: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let schema = json(&kubeproof(folder.path(), &["schema", "--output", command]));
        let place = "https://kubeproof.example/output.json";
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource(place, schema).expect("a document");
        let index = compiler.compile(place, &mut schemas);
        let index = index.unwrap_or_else(|error| panic!("{command}: {error}"));
        Self { schemas, index }
    }

    fn problem(&self, output: &Value) -> Option<String> {
        let judged = self.schemas.validate(output, self.index);
        judged.err().map(|error| format!("{error:#}"))
    }
}

/// The output fits its schema, says its versions, and its verdict is the exit code; without any one of its keys it does
/// not fit.
#[track_caller]
fn check(arguments: &[&str], expected: &str) -> Value {
    let folder = folder_with_scenario();
    let wrong = testdata("provisioners").join("deletes_neighbours_vpc.yaml");
    std::fs::copy(wrong, folder.path().join("wrong.yaml")).expect("copied");
    if arguments[0] == "report" {
        kubeproof(folder.path(), &["verify", ".", "-q"]);
    }
    let output = kubeproof(
        folder.path(),
        &[arguments, &["--format", "json", "-q"]].concat(),
    );
    let numbers = [("pass", 0), ("fail", 1), ("unknown", 3)];
    let number = numbers
        .iter()
        .find(|(name, _)| *name == expected)
        .expect("a verdict");
    assert_eq!(
        code(&output),
        number.1,
        "{arguments:?}: {}",
        stderr(&output)
    );
    let document = json(&output);
    let judge = Judge::of(arguments[0]);
    assert_eq!(judge.problem(&document), None, "{arguments:?}");
    assert_eq!(document["verdict"], expected, "{arguments:?}");
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["tool_version"], env!("CARGO_PKG_VERSION"));
    for key in document.as_object().expect("an object").keys() {
        let mut without = document.clone();
        without.as_object_mut().expect("an object").remove(key);
        assert!(
            judge.problem(&without).is_some(),
            "{arguments:?} without {key}"
        );
    }
    document
}

#[test]
fn records_fit_their_schema_and_the_verdict_is_the_exit_code() {
    check(&["verify", "s.yaml"], "pass");
    let wrong = check(&["verify", "wrong.yaml"], "fail");
    assert!(wrong["records"][0]["audit"]["missing"].is_array());
    check(&["report"], "fail");
}

#[test]
fn a_campaign_fits_its_schema() {
    check(
        &["faults", "s.yaml", "--fault", "ec2:CreateVpc#1=reject"],
        "pass",
    );
}

#[test]
fn accounts_and_estimates_fit_their_schemas() {
    let audit = check(&["audit", "s.yaml"], "pass");
    assert_eq!(audit["accounts"][0]["provider"], "aws");
    let fault = "auditor/ec2:DescribeAddresses=reject";
    check(&["audit", "s.yaml", "--fault", fault], "unknown");
    let estimate = check(&["estimate", "s.yaml"], "pass");
    assert_eq!(estimate["estimates"][0]["scenario"], "s");
}

#[test]
fn a_schema_refuses_what_no_output_is() {
    let judge = Judge::of("verify");
    let folder = folder_with_scenario();
    let output = kubeproof(
        folder.path(),
        &["verify", "s.yaml", "--format", "json", "-q"],
    );
    let right = json(&output);
    assert_eq!(judge.problem(&right), None);
    for (place, value) in [
        ("/verdict", Value::from("good")),
        ("/records/0/seed", Value::from("one")),
        ("/records/0/started_at", Value::from(7)),
        ("/records/0/cost/estimated", Value::from(0.5)),
        ("/matrix/0/cleanup/verdict", Value::Null),
        ("/criteria/0/number", Value::from(-1)),
    ] {
        let mut wrong = right.clone();
        *wrong.pointer_mut(place).expect(place) = value;
        assert!(judge.problem(&wrong).is_some(), "{place}");
    }
}

/// The schema of what programs may write is that of what is read, and the README's example fits it.
#[test]
fn what_a_program_may_write_fits_the_schema_as_far_as_it_is_read() {
    let judge = Judge::of("program");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("output.json");
    let check = |text: &str, expected: bool| {
        std::fs::write(&file, text).expect("written");
        let read = kubeproof_external::output::read(&file);
        assert_eq!(read.is_ok(), expected, "{text}: {read:?}");
        let problem = judge.problem(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(problem.is_none(), expected, "{text}: {problem:?}");
    };
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../providers/external/README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let example = readme
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let example = example.expect("an example");
    check(example, true);
    let written: Value = serde_json::from_str(example).expect("JSON");
    let members = written.as_object().expect("an object").len();
    let schema = kubeproof_external::output::schema();
    let known = schema["properties"].as_object().expect("members").len();
    assert_eq!(members, known, "the README's example has every member");
    for right in [
        "{}",
        r#"{"left_behind": []}"#,
        r#"{"left_behind": ["unknown"]}"#,
        r#"{"kubeconfig": null, "claimed_usd_per_hour": "0.5", "made": {}}"#,
    ] {
        check(right, true);
    }
    for wrong in [
        "[7]",
        r#"{"left": []}"#,
        r#"{"left_behind": null}"#,
        r#"{"left_behind": "vpc-1"}"#,
        r#"{"left_behind": [" "]}"#,
        r#"{"left_behind": {"vpc": "vpc-1"}}"#,
        r#"{"made": ["vpc-1"]}"#,
        r#"{"made": {"vpc": 1}}"#,
        r#"{"kubeconfig": 7}"#,
    ] {
        check(wrong, false);
    }
}
