//! Real, independent clients test the simulators of AWS, Azure, Google Cloud, Lambda Cloud and Kubernetes.
//!
//! They need programs that not every machine has. `KUBEPROOF_CLIENTS` names those that must be installed, separated by
//! commas, each with its program if that differs from its name: `aws,boto3=python3,kubernetes=python3,lambda=python3,
//! terraform,kubectl=DIR/kubectl.1.33,moto=DIR/moto_server`. A requested client that is missing is a failure; the
//! others are shown as ignored. kubectl may be named several times.
//!
//! boto3 calls every operation that the AWS simulator implements (it reports which), and each raw response is checked
//! against botocore's service model: no unknown member, no missing one, correct types and enumerations
//! (`testdata/clients/strict.py`). Our own provisioner and observer run the same lifecycle in moto's server as in our
//! simulator; `providers/aws/simulator/CONFORMANCE.md` lists the differences. When all clients were run, the table in
//! `providers/README.md` of which client makes which calls is checked against what the simulator received.

mod cloud;
mod cluster;
mod moto;
mod run;
mod table;
#[path = "../support/tables.rs"]
mod tables;
mod terraform;
#[path = "../support/threads.rs"]
mod threads;

use std::path::Path;
use std::process::{Command, ExitCode};

use kubeproof::trial::plan::CLIENTS;
use libtest_mimic::{Arguments, Failed, Trial};

use crate::table::Seen;

/// A test: drives the simulator with this client, and records the calls that were made.
type Test = fn(program: &str, seen: &Seen) -> Result<(), String>;

/// A client: its name, its default program, and its tests.
struct Known {
    name: &'static str,
    program: &'static str,
    tests: &'static [(&'static str, Test)],
}

const KNOWN: &[Known] = &[
    Known {
        name: "aws",
        program: "aws",
        tests: &[
            ("a cluster comes and goes", cloud::aws_lifecycle),
            ("wrong keys are refused", cloud::aws_keys),
        ],
    },
    Known {
        name: "az",
        program: "az",
        tests: &[
            ("a cluster with all around it comes and goes", cloud::az),
            (
                "the role that it leaves at a subnet of others is named",
                cloud::az_leaves_a_role,
            ),
        ],
    },
    Known {
        name: "azurerm",
        program: "terraform",
        tests: &[("applies, plans nothing more, destroys", terraform::azurerm)],
    },
    Known {
        name: "boto3",
        program: "python3",
        tests: &[
            ("a cluster comes and goes", cloud::boto3_lifecycle),
            (
                "every operation, each reply checked against its model",
                cloud::boto3_every_action,
            ),
            (
                "the check of replies objects to mistakes",
                cloud::boto3_strict,
            ),
        ],
    },
    Known {
        name: "gcloud",
        program: "gcloud",
        tests: &[("a cluster with all around it comes and goes", cloud::gcloud)],
    },
    Known {
        name: "huggingface",
        program: "python3",
        tests: &[
            ("an endpoint comes and goes", cloud::huggingface),
            (
                "an endpoint that has scaled to zero is left, and named",
                cloud::huggingface_zero,
            ),
        ],
    },
    Known {
        name: "kubectl",
        program: "kubectl",
        tests: &[("jobs, logs and namespaces", cluster::kubectl)],
    },
    Known {
        name: "kubernetes",
        program: "python3",
        tests: &[("jobs, watches, logs and pages", cluster::python)],
    },
    Known {
        name: "lambda",
        program: "python3",
        tests: &[("every route, each reply parsed", cloud::lambda)],
    },
    Known {
        name: "moto",
        program: "moto_server",
        tests: &[(
            "our provisioner and observer run against it",
            moto::lifecycle,
        )],
    },
    Known {
        name: "terraform",
        program: "terraform",
        tests: &[
            (
                "applies, plans nothing more, destroys",
                terraform::lifecycle,
            ),
            ("without a destroy all is found", terraform::leaks),
        ],
    },
];

/// Clients whose tests are all beside their cloud: `providers/azure/tests/clients`, and so on.
const ELSEWHERE: &[&str] = &["azure", "google"];

/// A client that CI uses where it is kept, and does not build: without it the table of calls is complete all the same.
const OPTIONAL: &str = "azurerm";

/// A requested client.
#[derive(Clone)]
struct Client {
    name: String,
    program: String,
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    threads::for_waiting_tests(&mut arguments);
    let text = std::env::var(CLIENTS).unwrap_or_default();
    let asked: Vec<Client> = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(read)
        .filter(|client| !ELSEWHERE.contains(&client.name.as_str()))
        .collect();
    if let Some(boto3) = asked.iter().find(|client| client.name == "boto3") {
        // This is the only place that sets it.
        let _ = cluster::BOTO3.set(boto3.program.clone());
    }
    let seen = Seen::default();
    let mut trials: Vec<Trial> = asked
        .iter()
        .filter(|client| !KNOWN.iter().any(|known| known.name == client.name))
        .map(|client| {
            let message = format!("{CLIENTS}: unknown client `{}`", client.name);
            Trial::test(client.name.clone(), move || Err(Failed::from(message)))
        })
        .collect();
    for known in KNOWN {
        trials.extend(of(known, &asked, &seen));
    }
    let is_asked = |known: &Known| asked.iter().any(|client| client.name == known.name);
    let (optional, needed): (Vec<&Known>, Vec<&Known>) =
        KNOWN.iter().partition(|known| known.name == OPTIONAL);
    let all = needed.into_iter().all(is_asked);
    let may_be_ignored = optional.into_iter().filter(|known| !is_asked(known));
    let may_be_ignored: usize = may_be_ignored.map(|known| known.tests.len()).sum();
    let first = libtest_mimic::run(&arguments, trials);
    // The table is complete only if all clients were run.
    let whole = all && !first.has_failed() && first.num_filtered_out == 0;
    let is_complete = first.num_ignored == u64::try_from(may_be_ignored).unwrap_or(u64::MAX);
    let table = table::trial(&seen, whole && is_complete);
    let second = libtest_mimic::run(&arguments, vec![table]);
    if first.has_failed() {
        return first.exit_code();
    }
    second.exit_code()
}

fn read(word: &str) -> Client {
    let (name, program) = word.split_once('=').unwrap_or((word, ""));
    let usual = KNOWN.iter().find(|known| known.name == name);
    let program = match (program, usual) {
        ("", Some(usual)) => usual.program,
        (program, _) => program,
    };
    Client {
        name: name.to_owned(),
        program: program.to_owned(),
    }
}

/// The trials of a client; ignored unless it is requested.
fn of(known: &'static Known, asked: &[Client], seen: &Seen) -> Vec<Trial> {
    let mut programs: Vec<String> = asked
        .iter()
        .filter(|client| client.name == known.name)
        .map(|client| client.program.clone())
        .collect();
    let ignored = programs.is_empty();
    if ignored {
        programs.push(String::new());
    }
    let mut trials = Vec::new();
    for program in &programs {
        for (title, test) in known.tests {
            let (test, program, seen) = (*test, program.clone(), seen.clone());
            let label = Path::new(&program).file_name();
            let label = label.map_or_else(String::new, |it| format!("{} ", it.to_string_lossy()));
            let kind = if ignored {
                format!("not in {CLIENTS}")
            } else {
                String::new()
            };
            let trial = Trial::test(format!("{}: {label}{title}", known.name), move || {
                present(&program)?;
                test(&program, &seen).map_err(Failed::from)
            });
            trials.push(trial.with_kind(kind).with_ignored_flag(ignored));
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
