//! A correct program through the proxy: its calls are in the journal, faults meet them, and no secret leaves the process.

use std::fs;
use std::path::Path;

use kubeproof::trial::Part;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::journal::Call;
use kubeproof_reports::record::Record;

use crate::run::Live;
use crate::second_process::SecondProcess;
use crate::{ACCOUNT, told};

/// A script, its cloud, and what of its environment shows that it is led through the proxy.
struct Script {
    cloud: &'static str,
    account: &'static str,
    file: &'static str,
    script: &'static str,
    placeholder: &'static str,
}

const BOTO3: Script = Script {
    cloud: "aws",
    account: ACCOUNT,
    file: "external/boto3-eks.yaml",
    script: "boto3-eks/eks.py",
    placeholder: "AWS_ACCESS_KEY_ID=AKIAKP",
};
const HUGGING_FACE: Script = Script {
    cloud: "huggingface",
    account: "kubeproof-rehearsal",
    file: "external/python-endpoint.yaml",
    script: "python-endpoint/endpoint.py",
    placeholder: "HF_TOKEN=hf_",
};

/// The verdict and message of a phase.
fn phase<'a>(record: &'a Record, name: &str) -> (Verdict, &'a str) {
    let found = record.phases.iter().find(|phase| phase.name == name);
    let found = found.unwrap_or_else(|| panic!("no phase {name}: {}", told(record)));
    (found.verdict, &found.message)
}

/// How often the program has made this call.
pub fn count(calls: &[Call], name: &str) -> usize {
    let own = calls.iter().filter(|call| call.actor == Actor::Provisioner);
    own.filter(|call| call.signature.to_string() == name)
        .count()
}

/// No file below a folder has one of these texts. Links lead out of it, to programs.
pub fn nowhere(folder: &Path, texts: &[String]) {
    for entry in fs::read_dir(folder).expect("readable").flatten() {
        let (path, kind) = (entry.path(), entry.file_type().expect("a type"));
        if kind.is_dir() {
            nowhere(&path, texts);
        }
        if !kind.is_file() {
            continue;
        }
        let content = fs::read(&path).expect("readable");
        let content = String::from_utf8_lossy(&content);
        for text in texts {
            let found = content.contains(text.as_str());
            assert!(!found, "a real secret is in {}", path.display());
        }
    }
}

/// What the cloud gave: a key with its secret, or a token.
pub fn real_secrets(live: &Live<'_>) -> Vec<String> {
    let text = fs::read_to_string(&live.account.env_file).expect("the real key");
    let values = text.lines().filter_map(|line| line.split_once('='));
    let values: Vec<String> = values.map(|(_, value)| value.to_owned()).collect();
    assert!(!values.is_empty(), "no real key");
    values
}

/// Runs a script in the live tier.
fn run(script: &Script, part: Part, check: impl FnOnce(&Record, &[Call])) {
    let served = SecondProcess::serve_slowly(script.cloud);
    let account = served.account();
    let out = tempfile::tempdir().expect("a folder");
    let mut live = Live::new(&account, script.file, out.path(), script.account);
    // Writes what the program finds in its environment, and goes on.
    let shell = format!(
        "env > \"$KUBEPROOF_DIR/environment\"; exec python3 {} up",
        script.script
    );
    live.change(|content| {
        let command = content.provisioner.command.as_mut().expect("a command");
        command.provision = vec!["sh".to_owned(), "-c".to_owned(), shell];
    });
    let accounts = live.gate("20").expect("permitted");
    let (record, calls) = live.run_program(accounts, part);
    println!("{}", told(&record));
    assert_eq!(
        phase(&record, "proxy").0,
        Verdict::Pass,
        "{}",
        told(&record)
    );
    let unknown = record.phases.iter().find(|phase| phase.name == "O5 ends");
    assert!(unknown.is_none(), "{}", told(&record));
    assert_eq!(record.findings, [], "{}", told(&record));
    assert_eq!(record.audit.verdict, Verdict::Pass, "{}", told(&record));
    let environment = out
        .path()
        .join(&record.run_id)
        .join("provisioner/environment");
    let environment = fs::read_to_string(environment).expect("its environment");
    for words in [script.placeholder, "HTTPS_PROXY=http://127.0.0.1:"] {
        assert!(environment.contains(words), "{words}: {environment}");
    }
    nowhere(out.path(), &real_secrets(&live));
    check(&record, &calls);
}

/// One fault was injected, and met the first call of this name.
fn check_lost(record: &Record, calls: &[Call], name: &str) {
    let injected: u64 = record.faults.iter().map(|fault| fault.injected).sum();
    assert_eq!(injected, 1, "{}", told(record));
    let mut named = calls
        .iter()
        .filter(|call| call.signature.to_string() == name);
    let lost = named.next().expect("a call");
    assert!(lost.status.is_none() && lost.error.is_some(), "{lost:?}");
}

pub fn boto3() {
    run(&BOTO3, Part::Lifecycle(Vec::new()), |record, calls| {
        assert_eq!(record.verdict, Verdict::Pending, "{}", told(record));
        assert_eq!(phase(record, "access").0, Verdict::Pass, "{}", told(record));
        assert_eq!(count(calls, "ec2:CreateVpc"), 1);
        assert_eq!(count(calls, "eks:CreateCluster"), 1);
        assert!(count(calls, "eks:DeleteCluster") >= 1);
    });
}

pub fn boto3_loses_an_answer() {
    run(&BOTO3, Part::Failure(0, Vec::new()), |record, calls| {
        check_lost(record, calls, "ec2:CreateVpc");
    });
}

pub fn hugging_face() {
    run(&HUGGING_FACE, Part::Lifecycle(Vec::new()), |_, calls| {
        assert_eq!(count(calls, "endpoints:CreateEndpoint"), 1);
    });
}

pub fn hugging_face_loses_an_answer() {
    run(
        &HUGGING_FACE,
        Part::Failure(0, Vec::new()),
        |record, calls| {
            check_lost(record, calls, "endpoints:CreateEndpoint");
        },
    );
}
