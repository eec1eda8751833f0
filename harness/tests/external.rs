//! Provisioners that are programs: each wrong one is found, for the right reason.
//!
//! Like the clients' tests they need programs that not every machine has: `KUBEPROOF_CLIENTS` names those that must be
//! installed.

#[path = "support/threads.rs"]
mod threads;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use kubeproof::trial::plan::{CLIENTS, clients_of};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// A wrong program, the trial that exposes it, the oracle that must find it, and what the finding's message must contain.
struct Wrong {
    name: &'static str,
    /// The forced failure that it takes; empty for the main trial. No other trial is run: programs take real time.
    failure: &'static str,
    client: &'static str,
    oracle: &'static str,
    words: &'static [&'static str],
}

const WRONG: &[Wrong] = &[
    Wrong {
        name: "aborts-on-not-found",
        failure: "",
        client: "boto3",
        oracle: "O7 no-op",
        words: &["a second teardown failed", "NotFound"],
    },
    Wrong {
        name: "believes-an-operation",
        failure: "stock-out",
        client: "google",
        oracle: "O3 truth",
        words: &["the provisioner reported success, but gcp.cluster: it is ERROR"],
    },
    Wrong {
        name: "deletes-without-waiting",
        failure: "",
        client: "gcloud",
        oracle: "O1 orphans",
        words: &["network kp-", "though teardown reported success"],
    },
    Wrong {
        name: "does-not-wait-for-interfaces",
        failure: "",
        client: "boto3",
        oracle: "teardown",
        words: &["DependencyViolation"],
    },
    Wrong {
        name: "forgets-balancers-of-gke",
        failure: "",
        client: "google",
        oracle: "O1 orphans",
        words: &["forwarding_rule a", "$18.25 a month"],
    },
    Wrong {
        name: "forgets-failed-node-group",
        failure: "node-group-fails",
        client: "boto3",
        oracle: "O1 orphans",
        words: &["eks_cluster kp-", "$73.00 a month"],
    },
    Wrong {
        name: "forgets-load-balancers",
        failure: "",
        client: "boto3",
        oracle: "O1 orphans",
        words: &["elb_classic ", "$18.25 a month"],
    },
    Wrong {
        name: "leaves-a-gpu",
        failure: "",
        client: "huggingface",
        oracle: "O1 orphans",
        words: &["inference_endpoint kp-", "$584.00 a month"],
    },
    Wrong {
        name: "leaves-a-role-at-a-shared-subnet",
        failure: "",
        client: "azure",
        oracle: "O1 orphans",
        words: &["role_assignment ", "/subnets/build", "left behind"],
    },
    Wrong {
        name: "loses-what-state-did-not-see",
        failure: "killed-after-node-group",
        client: "terraform",
        oracle: "O1 orphans",
        words: &["ec2_instance i-", "$30.37 a month", "left behind"],
    },
    Wrong {
        name: "swallows-nat-error",
        failure: "nat-refused",
        client: "boto3",
        oracle: "O3 truth",
        words: &["aws.nat_gateways: 1 NAT gateways"],
    },
    Wrong {
        name: "tags-in-a-second-call",
        failure: "tagging-refused",
        client: "boto3",
        oracle: "O1 orphans",
        words: &["elastic_ip eipalloc-", "$3.65 a month"],
    },
    Wrong {
        name: "takes-accepted-for-gone",
        failure: "",
        client: "azure",
        oracle: "O1 orphans",
        words: &["resource_group ", "though teardown reported success"],
    },
    Wrong {
        name: "takes-zero-for-deleted",
        failure: "",
        client: "huggingface",
        oracle: "O1 orphans",
        words: &[
            "$0.00 a month now",
            "one call starts a replica on intel-spr-x1: $0.033 an hour, $24.09 a month",
        ],
    },
    Wrong {
        name: "twin-after-lost-answer",
        failure: "lost-vpc-answer",
        client: "boto3",
        oracle: "O2 duplicates",
        words: &["2 of type vpc", "vpc vpc-"],
    },
    Wrong {
        name: "waits-too-short",
        failure: "",
        client: "boto3",
        oracle: "O3 truth",
        words: &["the provisioner reported success, but aws.ready"],
    },
];

/// Clients that take a second or more to start, for each call.
const SLOW: &[&str] = &["az", "gcloud", "terraform"];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    threads::for_waiting_tests(&mut arguments);
    let asked = clients_of(&std::env::var(CLIENTS).unwrap_or_default());
    let mut rows: Vec<&'static Wrong> = WRONG.iter().collect();
    // The longest first, so that none is left to run alone at the end.
    rows.sort_by_key(|wrong| !SLOW.contains(&wrong.client));
    let mut trials: Vec<Trial> = rows
        .into_iter()
        .map(|wrong| {
            let ignored = !asked.iter().any(|name| name == wrong.client);
            let kind = if ignored {
                format!("{}: not in {CLIENTS}", wrong.client)
            } else {
                String::new()
            };
            Trial::test(wrong.name, move || found(wrong).map_err(Failed::from))
                .with_kind(kind)
                .with_ignored_flag(ignored)
        })
        .collect();
    let has_boto3 = asked.iter().any(|name| name == "boto3");
    type Test = fn() -> Result<(), String>;
    let campaigns: [(&str, Test); 2] = [
        ("a campaign aims at what a call is about", aimed_by_key),
        (
            "a campaign of a part of its plan is unknown",
            a_part_is_unknown,
        ),
    ];
    for (name, test) in campaigns {
        let trial = Trial::test(name, move || test().map_err(Failed::from));
        trials.push(trial.with_ignored_flag(!has_boto3));
    }
    trials.push(Trial::test("each wrong program has a row here", || {
        complete().map_err(Failed::from)
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/external/wrong")
}

/// Every scenario in the folder has a row, and every row a scenario.
fn complete() -> Result<(), String> {
    let entries = std::fs::read_dir(folder()).map_err(|error| error.to_string())?;
    let mut files: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".yaml").map(str::to_owned))
        .collect();
    files.sort();
    let rows: Vec<&str> = WRONG.iter().map(|wrong| wrong.name).collect();
    if files == rows {
        Ok(())
    } else {
        Err(format!("scenarios {files:?}, rows {rows:?}"))
    }
}

/// Runs a campaign on a program of `scenarios/external`, and returns its exit code and its record.
fn campaign(file: &str, arguments: &[&str]) -> Result<(Option<i32>, Value), String> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
        .arg("faults")
        .arg(folder().join("..").join(file))
        .args(["--no-bystander", "--format", "json", "-q", "--jobs", "2"])
        .args(arguments)
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let document = serde_json::from_slice(&output.stdout);
    let document = document.map_err(|error| format!("{error}:\n{said}"))?;
    Ok((output.status.code(), document))
}

/// One fault, aimed by a value of its call: the program that repeats it blindly has two networks, the correct one has not.
fn aimed_by_key() -> Result<(), String> {
    let fault = ["--fault", "ec2:CreateVpc[10.0.0.0/16]#1=lost-response"];
    let (code, right) = campaign("boto3-eks.yaml", &fault)?;
    if code != Some(0) || right["exercised"] != 1 {
        return Err(format!("{code:?}, expected 0: {right:#}"));
    }
    let (code, wrong) = campaign("wrong/twin-after-lost-answer.yaml", &fault)?;
    let finding = &wrong["findings"][0];
    let replay = finding["replay"].as_str().unwrap_or_default();
    if code == Some(1) && finding["oracle"] == "O2 duplicates" && replay.contains(fault[1]) {
        return Ok(());
    }
    Err(format!("{code:?}, expected 1 with duplicates: {wrong:#}"))
}

/// Two lifecycles of many: no findings, and what was not run is named.
fn a_part_is_unknown() -> Result<(), String> {
    let arguments = ["--effects", "crash-after", "--sample", "2"];
    let (code, record) = campaign("boto3-eks.yaml", &arguments)?;
    let not_run = record["not_run"].as_array().map_or(0, Vec::len);
    // How often a program polls depends on the machine's speed: some reads may not be the same in all clean runs.
    let is_part = record["lifecycles"] == 2 && not_run > 10;
    if code == Some(3) && is_part && record["findings"] == serde_json::json!([]) {
        return Ok(());
    }
    Err(format!("{code:?}, expected 3: {record:#}"))
}

/// `kubeproof verify` exits with 1, and a finding of this oracle contains the expected words and a replay command.
fn found(wrong: &Wrong) -> Result<(), String> {
    let trial = match wrong.failure {
        "" => wrong.name.to_owned(),
        failure => format!("{}/{failure}", wrong.name),
    };
    let out = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = folder().join(format!("{}.yaml", wrong.name));
    let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
        .current_dir(out.path())
        .arg("verify")
        .arg(&file)
        // What a program does to another cluster of its own is tested with the correct ones.
        .args(["--only", &trial, "--no-bystander"])
        .args(["--format", "json", "-q", "--jobs", "1"])
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(1) {
        return Err(format!("{}, expected exit code 1:\n{said}", output.status));
    }
    let document: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let records = document["records"].as_array().cloned().unwrap_or_default();
    let findings: Vec<Value> = records
        .iter()
        .filter_map(|record| record["findings"].as_array().cloned())
        .flatten()
        .collect();
    let hit = findings.iter().any(|finding| {
        let message = finding["message"].as_str().unwrap_or_default();
        let replay = finding["replay"].as_str().unwrap_or_default();
        finding["oracle"] == wrong.oracle
            && wrong.words.iter().all(|word| message.contains(word))
            && replay.contains("kubeproof verify ")
            && replay.contains(&format!("--only {trial}"))
    });
    if hit {
        return Ok(());
    }
    let text = serde_json::to_string_pretty(&findings).unwrap_or_default();
    Err(format!(
        "no finding of {} says {:?}:\n{text}",
        wrong.oracle, wrong.words
    ))
}
