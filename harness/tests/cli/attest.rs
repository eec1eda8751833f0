//! `kubeproof attest` and `settle`: what they refuse, and what a report makes of a signature.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::program::{code, command, json as parsed, kubeproof, stderr, stdout};

/// Runs the program with the settings of a user in this folder.
fn as_user(folder: &Path, user: &str, arguments: &[&str]) -> Output {
    let mut command = command(folder, arguments);
    command.env("XDG_CONFIG_HOME", folder.join(user));
    command
        .stdin(std::process::Stdio::null())
        .output()
        .expect("the program starts")
}

/// A folder with the run of a scenario that passes, whose record says that it was live: it was not, but it shows what
/// commands do with one.
pub fn with_run() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../scenarios/lambda/one-a10.yaml"
    );
    let output = kubeproof(
        folder.path(),
        &["verify", scenario, "--only", "one-a10", "--format", "json"],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let run = parsed(&output)["records"][0]["run_id"]
        .as_str()
        .expect("an id")
        .to_owned();
    change(folder.path(), &run, |record| record["tier"] = json!("live"));
    (folder, run)
}

/// Changes the record of a run.
pub fn change(folder: &Path, run: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.join("kubeproof-runs").join(run).join("record.json");
    let text = std::fs::read_to_string(&path).expect("a record");
    let mut record: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut record);
    std::fs::write(path, record.to_string()).expect("written");
}

fn attest(folder: &Path, user: &str, run: &str) -> Output {
    let words = [
        "attest",
        run,
        "--name",
        "Ada",
        "--statement",
        "I watched it",
    ];
    as_user(folder, user, &words)
}

/// Whether the report of a user calls the row verified, and what it says of signatures.
fn verified(folder: &Path, user: &str) -> (bool, String) {
    let output = as_user(folder, user, &["report", "--format", "json"]);
    let row = &parsed(&output)["matrix"][0]["evidence"]["verified"];
    (row == &json!(true), stderr(&output))
}

#[test]
fn a_live_run_is_verified_by_the_signature_of_a_key_that_the_reader_trusts() {
    let (folder, run) = with_run();
    let folder = folder.path();
    assert_eq!(verified(folder, "ada"), (false, String::new()));
    let without_key = attest(folder, "ada", &run);
    assert_eq!(code(&without_key), 2);
    assert!(
        stderr(&without_key).contains("--new-key"),
        "{}",
        stderr(&without_key)
    );
    let key = as_user(folder, "ada", &["attest", "--new-key"]);
    assert_eq!(code(&key), 0, "{}", stderr(&key));
    assert_eq!(
        code(&as_user(folder, "ada", &["attest", "--new-key"])),
        2,
        "it is kept"
    );

    let signed = attest(folder, "ada", &run);
    assert_eq!(code(&signed), 0, "{}", stderr(&signed));
    assert!(
        stderr(&signed).contains("Matrix"),
        "the evidence is shown: {}",
        stderr(&signed)
    );
    assert_eq!(verified(folder, "ada"), (true, String::new()));
    let (trusted, told) = verified(folder, "bob");
    assert!(
        !trusted && told.contains("which you do not trust"),
        "{told}"
    );
    let settings = folder.join("bob").join("kubeproof");
    std::fs::create_dir_all(&settings).expect("a folder");
    std::fs::write(
        settings.join("attesters"),
        format!("# colleagues\n{} Ada\n", stdout(&key).trim()),
    )
    .expect("written");
    assert_eq!(verified(folder, "bob"), (true, String::new()));

    change(folder, &run, |record| record["calls"] = json!(1));
    let (still, told) = verified(folder, "ada");
    assert!(
        !still && told.contains("its record is not what was attested"),
        "{told}"
    );
}

#[test]
fn only_a_live_run_that_passed_is_attested() {
    let check = |edit: fn(&mut Value), words: &str| {
        let (folder, run) = with_run();
        let folder = folder.path();
        as_user(folder, "ada", &["attest", "--new-key"]);
        change(folder, &run, edit);
        let output = attest(folder, "ada", &run);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
        let signature = folder
            .join("kubeproof-runs")
            .join(&run)
            .join("attestation.json");
        assert!(!signature.exists());
    };
    check(
        |record| record["tier"] = json!("rehearsal"),
        "only live runs",
    );
    check(
        |record| record["cost"]["verdict"] = json!("pending"),
        "kubeproof settle",
    );
    check(
        |record| record["audit"]["verdict"] = json!("fail"),
        "only a run that passed",
    );
    check(
        |record| record["run_id"] = json!("other"),
        "the record of the run other",
    );
}

#[test]
fn settle_reads_no_bill_where_none_is_waited_for() {
    let check = |folder: &Path, arguments: &[&str], expected: i32, words: &str| {
        let output = as_user(folder, "ada", arguments);
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    };
    let (folder, run) = with_run();
    let folder = folder.path();
    check(
        folder,
        &["settle"],
        0,
        "no run in kubeproof-runs waits for its bill",
    );
    check(folder, &["settle", &run], 2, "waits for no bill");
    check(
        folder,
        &["settle", "nothing"],
        2,
        "is not the folder of a run",
    );
    check(folder, &["settle", "../x"], 2, "is not the id of a run");
    check(folder, &["settle", "--out", "nowhere"], 2, "nowhere");
    let bill = json!({
        "from": "2026-11-02T09:05:00Z", "until": "2026-11-02T10:05:00Z",
        "final_after": "2026-12-09T00:00:00Z", "planned_minutes": 60,
        "estimate": {"lines": [], "left_out": []}, "lifetime_usd": {}, "readings": [],
    });
    change(folder, &run, |record| record["cost"]["bill"] = bill);
    // It was a rehearsal: its folder has no intent of a live run.
    check(folder, &["settle"], 2, &run);
}
