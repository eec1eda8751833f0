//! Ctrl-C: running trials finish, no other starts, and only complete records are left. Only on systems with signals.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::program::{SCENARIO, command};

/// So many trials that they cannot all be over before the signal arrives.
const SCENARIOS: usize = 60;

#[test]
fn an_interrupted_verify_ends_with_a_documented_code_and_whole_records() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenarios = folder.path().join("many");
    std::fs::create_dir(&scenarios).expect("a folder");
    for number in 0..SCENARIOS {
        let text = SCENARIO.replace("scenario: s\n", &format!("scenario: s{number}\n"));
        std::fs::write(scenarios.join(format!("s{number}.yaml")), text).expect("written");
    }
    let mut child = command(folder.path(), &["verify", "many", "--jobs", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut errors = BufReader::new(child.stderr.take().expect("standard error"));
    // The end of the first trial: by then the signal handler is installed.
    let mut said = String::new();
    errors.read_line(&mut said).expect("a line");
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(
        sent.is_ok_and(|status| status.success()),
        "the signal is sent"
    );
    errors.read_to_string(&mut said).expect("text");
    let code = child.wait().expect("it ends").code();
    assert_eq!(code, Some(3), "what was not run is unknown:\n{said}");
    assert!(said.contains("stopping: tearing down first"), "{said}");
    assert!(said.contains("trials were not run"), "{said}");
    let mut records = 0;
    for run in std::fs::read_dir(folder.path().join("kubeproof-runs")).expect("runs") {
        for file in std::fs::read_dir(run.expect("a run").path()).expect("files") {
            let path = file.expect("a file").path();
            assert_ne!(
                path.extension().and_then(|end| end.to_str()),
                Some("tmp"),
                "half a file"
            );
            if path.ends_with("record.json") {
                let text = std::fs::read_to_string(&path).expect("text");
                let record: serde_json::Value = serde_json::from_str(&text).expect("a record");
                assert!(record["verdict"].is_string(), "{record}");
                // A trial that was not started has a record that says so.
                records += usize::from(record["calls"] != 0);
            }
        }
    }
    assert!((1..SCENARIOS).contains(&records), "{records} records");
}
