//! `kubeproof doctor`: what can run here, and what to do about the rest.
//!
//! Apart from verify because it starts nothing and asks nobody.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use kubeproof_contract::provider::Provider;
use kubeproof_contract::scenario::Tier;

use super::output::Output;
use crate::cost::usd;
use crate::run::directory::DEFAULT_FOLDER;
use crate::scenario::find;
use crate::{exit_code, live, providers};

/// Options of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The `.env` file that live credentials are looked for in first, as other commands do; only read
    #[arg(long, value_name = "FILE", default_value = ".env", alias = "env-file")]
    credentials: PathBuf,
}

/// Shows what can run here. Rehearsal always can, so that this never fails.
pub fn run(args: &Args, out: &Output) -> u8 {
    let mut text = format!("kubeproof {}\n", env!("CARGO_PKG_VERSION"));
    let mut line = |mark: &str, what: &str, words: &str| {
        let _ = writeln!(text, "{mark:<4} {what:<12} {words}");
    };
    line(
        "yes",
        "rehearsal",
        "simulators in this process need nothing else",
    );
    local_tier(&args.credentials, &mut line);
    live_tier(&args.credentials, &mut line);
    let terminal = |is: bool| {
        if is {
            "a terminal"
        } else {
            "no terminal: plain lines, no colours"
        }
    };
    line("info", "stdout", terminal(std::io::stdout().is_terminal()));
    line("info", "stderr", terminal(std::io::stderr().is_terminal()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    line(
        "info",
        "cores",
        &format!("{cores}: so many trials run at the same time"),
    );
    match find::files(&[]) {
        Ok(files) => line(
            "yes",
            "scenarios",
            &format!("{} files in scenarios/", files.len()),
        ),
        Err(problems) => {
            for problem in problems {
                line("no", "scenarios", &problem.to_string());
            }
        }
    }
    line(
        "info",
        "runs",
        &format!("records are written to {DEFAULT_FOLDER}/"),
    );
    out.report(&text);
    exit_code::PASSED
}

/// The tier kind: whether what it needs is here.
fn local_tier(env_file: &Path, line: &mut impl FnMut(&str, &str, &str)) {
    for provider in of_tier(Tier::Kind) {
        match provider.readiness(Tier::Kind, env_file) {
            Ok(what) => line("yes", "kind", &what),
            Err(reason) => line("no", "kind", &reason),
        }
    }
}

fn of_tier(tier: Tier) -> impl Iterator<Item = Box<dyn Provider>> {
    providers::all()
        .into_iter()
        .filter(move |provider| provider.tiers().contains(&tier))
}

/// The tier live, for each provider.
fn live_tier(env_file: &Path, line: &mut impl FnMut(&str, &str, &str)) {
    for provider in of_tier(Tier::Live) {
        let what = format!("live {}", provider.name());
        match provider.readiness(Tier::Live, env_file) {
            Ok(source) => line("yes", &what, &format!("credentials: {source}")),
            Err(reason) => line("no", &what, &reason),
        }
    }
    match live::permit(&crate::simulate::environment::own(), true) {
        Ok(permit) => line(
            "info",
            "live",
            &format!(
                "allowed in {} for {}; confirm each run with {}",
                permit.accounts.join(", "),
                usd(permit.budget_usd, 2),
                live::CONFIRMATION
            ),
        ),
        Err(reason) => line("no", "live", &reason),
    }
}
