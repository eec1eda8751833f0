//! Real clients that nobody here wrote judge the simulators: the AWS CLI, boto3, terraform, kubectl.
//!
//! Apart from the other tests because they need programs that not every machine has. `KUBEPROOF_CLIENTS`
//! names those that must be here, separated by commas, each with its program where that is not its
//! name: `aws,boto3=python3,terraform,kubectl=DIR/kubectl.1.33`. A client that is asked for and missing is
//! a failure; one that is not asked for shows as ignored. kubectl may be named several times.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

use libtest_mimic::{Arguments, Failed, Trial};

/// Names the clients.
const CLIENTS: &str = "KUBEPROOF_CLIENTS";
/// A 10-minute cluster takes a second.
const SCALE: &str = "600";
/// What a finished lifecycle is told.
const CLEAN: &str = "left behind: nothing";

/// A client: its name, and the program of it that is found when no other is named.
const KNOWN: &[(&str, &str)] = &[
    ("aws", "aws"),
    ("boto3", "python3"),
    ("kubectl", "kubectl"),
    ("terraform", "terraform"),
];

/// A client that is asked for.
#[derive(Clone)]
struct Client {
    name: String,
    program: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let asked: Vec<Client> = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(read)
        .collect();
    let mut trials: Vec<Trial> = asked
        .iter()
        .filter(|client| !KNOWN.iter().any(|(name, _)| *name == client.name))
        .map(|client| {
            let message = format!("{CLIENTS} asks for `{}`, which there is not", client.name);
            Trial::test(client.name.clone(), move || Err(Failed::from(message)))
        })
        .collect();
    for (name, _) in KNOWN {
        let all: Vec<Client> = asked
            .iter()
            .filter(|it| it.name == *name)
            .cloned()
            .collect();
        trials.extend(of(name, &all));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn read(word: &str) -> Client {
    let (name, program) = word.split_once('=').unwrap_or((word, ""));
    let usual = KNOWN.iter().find(|(known, _)| *known == name);
    let program = match (program, usual) {
        ("", Some((_, usual))) => usual,
        (program, _) => program,
    };
    Client {
        name: name.to_owned(),
        program: program.to_owned(),
    }
}

/// The trials of a client. Without one that is asked for, they are ignored.
fn of(name: &str, asked: &[Client]) -> Vec<Trial> {
    type Test = fn(&str) -> Result<(), String>;
    let tests: &[(&str, Test)] = match name {
        "aws" => &[
            ("a cluster comes and goes", aws_lifecycle),
            ("wrong keys are refused", aws_keys),
        ],
        "boto3" => &[("a cluster comes and goes", boto3_lifecycle)],
        "kubectl" => &[("jobs, logs and name spaces", kubectl)],
        _ => &[
            ("applies, plans nothing more, destroys", terraform_lifecycle),
            ("without a destroy all is found", terraform_leaks),
        ],
    };
    let programs: Vec<String> = if asked.is_empty() {
        vec![String::new()]
    } else {
        asked.iter().map(|client| client.program.clone()).collect()
    };
    let mut trials = Vec::new();
    for program in &programs {
        for (title, test) in tests {
            let (test, program) = (*test, program.clone());
            let label = Path::new(&program).file_name();
            let label = label.map_or_else(String::new, |it| format!("{} ", it.to_string_lossy()));
            let kind = if asked.is_empty() {
                format!("not in {CLIENTS}")
            } else {
                String::new()
            };
            let trial = Trial::test(format!("{name}: {label}{title}"), move || {
                present(&program)?;
                test(&program).map_err(Failed::from)
            });
            trials.push(trial.with_kind(kind).with_ignored_flag(asked.is_empty()));
        }
    }
    trials
}

fn present(program: &str) -> Result<(), Failed> {
    let found = Command::new("sh")
        .args(["-c", "command -v \"$0\"", program])
        .output();
    match found {
        Ok(output) if output.status.success() => Ok(()),
        _ => Err(format!("{CLIENTS} asks for `{program}`, which is not on this machine").into()),
    }
}

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clients")
}

/// Runs a shell script under `kubeproof simulate`, in a folder of its own.
fn simulate(script: &str, variables: &[(&str, &str)]) -> (tempfile::TempDir, Output) {
    let folder = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
        .current_dir(folder.path())
        .args([
            "simulate",
            "--time-scale",
            SCALE,
            "--",
            "sh",
            "-euc",
            script,
        ])
        .env("DATA", testdata())
        .env("EXTERNAL", testdata().join("../../../scenarios/external"))
        .env_remove("AWS_REGION")
        .env_remove("AWS_DEFAULT_REGION")
        .envs(variables.iter().copied())
        .output()
        .expect("the program starts");
    (folder, output)
}

/// The exit code and these words.
fn expect(output: &Output, code: i32, words: &[&str]) -> Result<(), String> {
    let said = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    let missing = words.iter().find(|words| !said.contains(**words));
    if output.status.code() == Some(code) && missing.is_none() {
        return Ok(());
    }
    let got = output.status;
    Err(format!(
        "expected exit code {code} and {words:?}, got {got}:\n{printed}\n{said}"
    ))
}

fn aws_lifecycle(_program: &str) -> Result<(), String> {
    let (_folder, output) = simulate("sh \"$DATA/aws_up.sh\"; sh \"$DATA/aws_down.sh\"", &[]);
    expect(&output, 0, &[CLEAN])
}

fn aws_keys(program: &str) -> Result<(), String> {
    let refusals = [
        (
            "AWS_SECRET_ACCESS_KEY=x",
            "sts get-caller-identity",
            "SignatureDoesNotMatch",
        ),
        (
            "AWS_SECRET_ACCESS_KEY=x",
            "eks list-clusters",
            "InvalidSignatureException",
        ),
        (
            "AWS_SECRET_ACCESS_KEY=x",
            "ec2 describe-vpcs",
            "AuthFailure",
        ),
        (
            "AWS_ACCESS_KEY_ID=x",
            "sts get-caller-identity",
            "InvalidClientTokenId",
        ),
        (
            "AWS_ACCESS_KEY_ID=x",
            "eks list-clusters",
            "UnrecognizedClientException",
        ),
        ("A=b", "s3api list-buckets", "NotImplemented"),
    ];
    for (variable, call, code) in refusals {
        let (_folder, output) = simulate(&format!("{variable} {program} {call}"), &[]);
        expect(&output, 1, &[code, "the command failed"])?;
    }
    Ok(())
}

fn boto3_lifecycle(program: &str) -> Result<(), String> {
    let script = "\"$PYTHON\" \"$DATA/boto3_lifecycle.py\"";
    let (_folder, output) = simulate(script, &[("PYTHON", program)]);
    expect(&output, 0, &[CLEAN])
}

fn kubectl(program: &str) -> Result<(), String> {
    let script =
        "sh \"$DATA/aws_up.sh\"; sh \"$DATA/kubectl.sh\" \"$KUBECTL\"; sh \"$DATA/aws_down.sh\"";
    let (_folder, output) = simulate(script, &[("KUBECTL", program)]);
    expect(&output, 0, &[CLEAN])
}

/// Copies the configuration, so that nothing is written into the tree.
const INIT: &str = "cp \"$EXTERNAL\"/terraform-eks/*.tf .; \"$TERRAFORM\" init -no-color -input=false; \
                    \"$TERRAFORM\" apply -no-color -auto-approve";

fn terraform_lifecycle(program: &str) -> Result<(), String> {
    let script = format!(
        "{INIT}; \"$TERRAFORM\" plan -no-color -detailed-exitcode; \
         \"$TERRAFORM\" destroy -no-color -auto-approve"
    );
    let variables = [("TERRAFORM", program), ("CHECKPOINT_DISABLE", "1")];
    let (_folder, output) = simulate(&script, &variables);
    expect(&output, 0, &[CLEAN])?;
    let printed = String::from_utf8_lossy(&output.stdout);
    for words in [
        "Apply complete! Resources: 31 added",
        "No changes.",
        "31 destroyed",
    ] {
        if !printed.contains(words) {
            return Err(format!("expected `{words}` in:\n{printed}"));
        }
    }
    Ok(())
}

/// Two NAT gateways at $0.045 an hour are $32.85 a month each, an EKS cluster at $0.10 is $73.00.
fn terraform_leaks(program: &str) -> Result<(), String> {
    let variables = [("TERRAFORM", program), ("CHECKPOINT_DISABLE", "1")];
    let (_folder, output) = simulate(INIT, &variables);
    let said = [
        "eks_cluster tf-eks in us-east-1: $73.00 a month",
        "(tf-eks-0) in us-east-1: $32.85 a month",
        "(tf-eks-1) in us-east-1: $32.85 a month",
        "nat_gateway: ",
    ];
    expect(&output, 1, &said)
}
