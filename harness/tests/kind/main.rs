//! The program on a real engine: signals, runs side by side, wrong provisioners, a silent engine.
//!
//! The binary is started as a user starts it. Runs when `KUBEPROOF_TIERS` includes kind; a missing engine is then a
//! failure.

mod defects;
mod leaks;
#[expect(dead_code, reason = "the tests of the command line use more of it")]
#[path = "../cli/program.rs"]
mod program;
mod run;
mod signals;
mod together;

use std::path::Path;
use std::process::ExitCode;
use std::sync::{PoisonError, RwLock};

use kubeproof::providers;
use kubeproof_contract::scenario::Tier;
use libtest_mimic::{Arguments, Failed, Trial};

/// Names the tiers that run.
const TIERS: &str = "KUBEPROOF_TIERS";

type Test = (&'static str, fn() -> Result<(), String>);

/// Tests that need the engine to themselves: what they leave for a while would be a finding in the others.
const ALONE: &[Test] = &[(
    "what_a_program_leaves_beside_its_cluster_is_found",
    leaks::beside_its_cluster,
)];

/// Read-locked by tests that run in parallel, write-locked by one that must run alone.
static ENGINE: RwLock<()> = RwLock::new(());

const TESTS: &[Test] = &[
    (
        "an_interrupt_while_the_cluster_is_made_tears_down",
        signals::during_provision,
    ),
    (
        "an_interrupt_while_the_job_runs_tears_down",
        signals::during_job,
    ),
    (
        "an_interrupt_while_it_tears_down_finishes_and_is_no_pass",
        signals::during_teardown,
    ),
    (
        "a_second_interrupt_leaves_at_once_and_says_how_to_clean_up",
        signals::twice,
    ),
    (
        "two_runs_at_the_same_time_do_not_disturb_each_other",
        together::two_runs,
    ),
    (
        "a_silent_engine_is_unknown_and_the_clean_up_finishes_later",
        together::silent_engine,
    ),
    (
        "an_image_that_is_nowhere_is_said_before_anything_is_made",
        together::no_image,
    ),
    (
        "volumes_that_are_left_are_found_and_swept",
        defects::leaves_volumes,
    ),
    (
        "a_cluster_that_is_left_is_found_and_swept",
        defects::leaves_cluster,
    ),
    (
        "a_node_that_is_not_there_is_not_believed",
        defects::lies_about_nodes,
    ),
];

fn main() -> ExitCode {
    let asked = std::env::var(TIERS).unwrap_or_default();
    let asked = asked.split(',').any(|tier| tier.trim() == "kind");
    let kind = if asked {
        "kind".to_owned()
    } else {
        format!("kind: not in {TIERS}")
    };
    let alone = ALONE.iter().map(|test| (true, test));
    let tests = TESTS.iter().map(|test| (false, test)).chain(alone);
    let tests = tests
        .map(|(alone, (name, test))| {
            Trial::test(format!("kind::{name}"), move || on_engine(*test, alone))
                .with_kind(kind.clone())
                .with_ignored_flag(!asked)
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}

fn on_engine(test: fn() -> Result<(), String>, alone: bool) -> Result<(), Failed> {
    if alone {
        let _engine = ENGINE.write().unwrap_or_else(PoisonError::into_inner);
        checked(test)
    } else {
        let _engine = ENGINE.read().unwrap_or_else(PoisonError::into_inner);
        checked(test)
    }
}

fn checked(test: fn() -> Result<(), String>) -> Result<(), Failed> {
    let provider = providers::find("kind").ok_or("unknown provider `kind`")?;
    provider
        .readiness(Tier::Kind, Path::new(".env"))
        .map_err(|error| error.to_string())?;
    test().map_err(Failed::from)
}
