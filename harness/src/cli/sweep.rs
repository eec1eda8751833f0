//! `kubeproof sweep`: shows what a run left behind, and removes it when that is said explicitly.
//!
//! Apart from the audit, which never changes anything. Only what carries the run's own tag is deleted.

use std::path::PathBuf;

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::resource::Resource;
use kubeproof_contract::scenario::Tier;

use super::output::Output;
use crate::audit::compare::words;
use crate::audit::inventory;
use crate::run::directory::{self, DEFAULT_FOLDER, Intent};
use crate::run::lab;
use crate::run::progress::Silent;
use crate::run::stage::{Stage, Surroundings};
use crate::run::trial::{Part, Trial};
use crate::stopwatch::today;
use crate::{exit_code, live, providers, scenario};

/// How often everything that is left is deleted again: what hangs on something else goes a round later.
const ROUNDS_MAX: usize = 10;

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, as its folder and its tag name it
    #[arg(long, value_name = "ID")]
    run: String,
    /// Folder with run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Delete what carries the run's tag; without it nothing is changed
    #[arg(long)]
    delete: bool,
}

/// What is left of the run.
#[derive(Debug, Default)]
struct Left {
    /// It carries the run's tag.
    tagged: Vec<Resource>,
    /// It has other proofs of belonging to the run: never deleted.
    proven: Vec<(Resource, String)>,
    /// What could not be listed.
    failed: Vec<String>,
}

/// Shows or removes what a run left.
pub fn run(args: &Args, out: &Output) -> u8 {
    let usage = |problem: String| {
        out.error(&problem);
        exit_code::USAGE
    };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if args.run.is_empty() || !args.run.chars().all(fits) {
        return usage(format!("`{}` is not the id of a run", args.run));
    }
    let intent = match directory::read_intent(&args.out.join(&args.run)) {
        Ok(found) => found,
        Err(problem) => return usage(format!("{problem}; name the run's folder with --out")),
    };
    if intent.tier == Tier::Rehearsal {
        return usage(format!(
            "the run {} was a rehearsal: nothing of it is real",
            args.run
        ));
    }
    let allowed = live::allowed_accounts(&crate::simulate::environment::own());
    if intent.tier == Tier::Live && allowed.is_empty() {
        let variable = live::ACCOUNT_VARIABLE;
        return usage(format!(
            "set {variable} to the id of the account that may be swept"
        ));
    }
    let scenario = match scenario::read::parse(&intent.file, &intent.text, &providers::shared()) {
        Ok(scenario) => scenario,
        Err(problems) => return out.problems(&problems),
    };
    let trial = Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: intent.tier,
        seed: intent.seed,
    };
    match swept(&trial, &intent, args, &allowed, out) {
        Ok(code) => code,
        Err((code, problem)) => {
            out.error(&problem);
            code
        }
    }
}

fn swept(
    trial: &Trial,
    intent: &Intent,
    args: &Args,
    allowed: &[String],
    out: &Output,
) -> Result<u8, (u8, String)> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let around = Surroundings {
        owner: intent.run.owner.clone(),
        out: Some(args.out.clone()),
        ..Surroundings::quiet()
    };
    let runtime = lab::runtime(trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let run = intent.run.clone();
        let stage = Stage::of_run(trial, run, &around, &Silent::shared(), today())
            .map_err(|error| unknown(error.to_string()))?;
        let account = stage.account(Actor::Provisioner);
        if trial.tier == Tier::Live {
            live::in_allowed_account(account.as_ref(), allowed)
                .await
                .map_err(|refusal| {
                    let code = match refusal.verdict {
                        Verdict::Fail => exit_code::USAGE,
                        _ => exit_code::UNKNOWN,
                    };
                    (code, format!("{}; nothing was changed", refusal.message))
                })?;
        }
        let mut left = look(&stage, account.as_ref()).await;
        if args.delete {
            left = delete(&stage, account.as_ref(), left, out).await;
            let journal = args.out.join(&args.run).join("sweep.jsonl");
            directory::write_journal(&journal, &stage.journal.calls()).map_err(|error| {
                unknown(format!("{} cannot be written: {error}", journal.display()))
            })?;
        }
        Ok(report(&left, args, out))
    })
}

/// Lists everything and takes what belongs to the run.
async fn look(stage: &Stage<'_>, account: &dyn Account) -> Left {
    let inventory = inventory::take(account).await;
    let mut left = Left {
        failed: inventory.coverage.failed,
        ..Left::default()
    };
    let types = account.resource_types();
    let resources = match account.complete(inventory.resources.clone()).await {
        Ok(complete) => complete,
        Err(error) => {
            left.failed.push(format!("details of resources: {error}"));
            inventory.resources
        }
    };
    for resource in &resources {
        let stays = crate::audit::compare::stays(resource, types).is_some();
        let proofs = account.proofs(&stage.run, resource, &resources);
        if stage.run.owns(&resource.tags) && !stays {
            left.tagged.push(resource.clone());
        } else if !proofs.is_empty() && !stays {
            left.proven.push((resource.clone(), proofs.join("; ")));
        }
    }
    left
}

/// Deletes what carries the tag, in deletion order, until nothing is left or nothing changes any more.
async fn delete(stage: &Stage<'_>, account: &dyn Account, mut left: Left, out: &Output) -> Left {
    let mut problems = Vec::new();
    for _ in 0..ROUNDS_MAX {
        if left.tagged.is_empty() {
            break;
        }
        problems.clear();
        // `take` lists in deletion order.
        for resource in &left.tagged {
            match account.delete(resource).await {
                Ok(()) => out.say(&format!("deleted {}", words(resource))),
                Err(error) => problems.push(format!("{}: {error}", words(resource))),
            }
        }
        tokio::time::sleep(account.settle()).await;
        left = look(stage, account).await;
    }
    left.failed.extend(
        problems
            .into_iter()
            .filter(|_| !left.tagged.is_empty())
            .map(|problem| format!("not deleted: {problem}")),
    );
    left
}

fn report(left: &Left, args: &Args, out: &Output) -> u8 {
    let mut text = String::new();
    for resource in &left.tagged {
        text += &format!("{}\n", words(resource));
    }
    for (resource, proof) in &left.proven {
        text += &format!(
            "{} (not its tag, but {proof}: delete it by hand)\n",
            words(resource)
        );
    }
    out.report(&text);
    for failed in &left.failed {
        out.error(failed);
    }
    let count = left.tagged.len() + left.proven.len();
    if count > 0 {
        let hint = match (args.delete, left.tagged.is_empty()) {
            (false, false) => "; nothing was deleted: add --delete to remove what carries its tag",
            _ => "",
        };
        out.say(&format!(
            "{count} resources of the run {} are left{hint}",
            args.run
        ));
        return exit_code::FINDING;
    }
    if left.failed.is_empty() {
        out.say(&format!("nothing of the run {} is left", args.run));
        exit_code::PASSED
    } else {
        out.say("not everything could be listed: unknown whether anything is left");
        exit_code::UNKNOWN
    }
}
