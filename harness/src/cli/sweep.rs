//! `kubeproof sweep`: lists what a run left behind, and deletes it when asked to and confirmed.
//!
//! `sweep` decides what is deleted.

use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;

use super::account_of_run::{Refusal, allowed_accounts, run_folder, same_account};
use super::output::{Output, TableOrJson};
use crate::audit::compare::words;
use crate::run_directory::{self, DEFAULT_FOLDER, Intent};
use crate::sweep::account::{SweepListing, Sweeper, Swept, delete, list_and_plan};
use crate::sweep::log::Log;
use crate::sweep::{Action, Decision};
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::today;
use crate::{exit_code, providers, scenario};

pub mod document;
pub mod expired;

/// The longest answer that is read from a terminal, bytes.
const ANSWER_MAX: u64 = 256;

const AFTER_HELP: &str = "\
Needs the run's folder, or with --expired none. What was in the account before the run is kept,
whatever its tags say; what may be the run's, without proof, is left to a person. Any other account
than the run's is refused. A real account must be named in KUBEPROOF_LIVE_ACCOUNT.

Exit codes:
  0   nothing of the run is left
  1   something is left that is the run's, or may be
  2   usage error, another account, or a plan that was not confirmed; nothing was deleted
  3   inconclusive: something could not be listed

Examples:
  kubeproof sweep --run ID                             what the run left behind
  kubeproof sweep --run ID --delete                    remove it, after a confirmation
  kubeproof sweep --expired FILE                       what all runs left that are over
  kubeproof sweep --expired FILE --delete --yes        remove it, as a scheduled job does";

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Id of the run, as in its folder name and its tag
    #[arg(long, value_name = "ID", required_unless_present = "expired")]
    run: Option<String>,
    /// Instead of one run's, what is left of all runs whose expiry is over, by the marks of the resources alone
    #[arg(
        long,
        conflicts_with_all = ["run", "format"],
        long_help = "Instead of one run's, what is left of all runs whose expiry is over.\n\
            Goes by the marks of the resources alone: needs no run's folder, but a scenario for each account. \
            Nothing says what was there before, so only that is deleted which carries all marks of an expired run and \
            is dated after its beginning, or has a name that only that run gives; the rest is left to a person. The \
            plan has a hash, which confirms it."
    )]
    expired: bool,
    /// With --expired: scenario files or folders, of which the first for each provider names the account
    /// [default: scenarios/]
    #[arg(value_name = "PATH", requires = "expired")]
    paths: Vec<PathBuf>,
    /// With --expired: only this provider; may be repeated
    #[arg(long, value_name = "NAME", requires = "expired")]
    provider: Vec<String>,
    /// With --expired: delete if the plan still has this hash, without asking
    #[arg(long, value_name = "HASH", requires_all = ["expired", "delete"], conflicts_with = "yes")]
    confirm: Option<String>,
    /// Folder with run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Delete what the run made and left, after confirmation; without this option nothing is changed
    #[arg(
        long,
        long_help = "Delete what the run made and left, after confirmation; without this option nothing is changed.\n\
            Deletes what carries the run's tag and was not there before the run. Shows the plan first; \
            type the run's id to confirm it, or pass --yes if there is no terminal. Each deletion is \
            written to sweep.jsonl in the run's folder before it is sent."
    )]
    delete: bool,
    /// Check only this scope, such as a region; may be repeated [default: all of the account]
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Do not ask for confirmation
    #[arg(long, requires = "delete")]
    yes: bool,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

impl Args {
    /// Whether what all runs left that are over is meant.
    pub fn is_of_expired(&self) -> bool {
        self.expired
    }

    /// The id of the run; empty where all that are over are meant.
    fn run(&self) -> &str {
        self.run.as_deref().unwrap_or_default()
    }
}

/// Shows or removes what a run left.
pub fn run(args: &Args, out: &Output) -> u8 {
    out.code(swept(args, out))
}

/// The intent of the run that was asked for.
fn intent(args: &Args) -> Result<Intent, Refusal> {
    let usage = |problem: String| Err((exit_code::USAGE, problem));
    let folder = run_folder(&args.out, args.run())?;
    let intent = match run_directory::read_intent(&folder) {
        Ok(found) => found,
        Err(error) => return usage(format!("{error}; name the run's folder with --out")),
    };
    if intent.run.id != args.run() {
        return usage(format!(
            "{} is a copy: its intent is of the run {}; sweep that one, from its own folder",
            folder.display(),
            intent.run.id
        ));
    }
    if intent.tier == Tier::Rehearsal {
        return usage(format!(
            "the run {} was a rehearsal, which creates nothing real",
            args.run()
        ));
    }
    if intent.tier == Tier::Live && intent.account.is_none() && args.delete {
        return usage(format!(
            "the intent of the run {} was written by an older version and does not name its account, so \
             nothing is deleted; see what is left without --delete, and remove it by hand",
            args.run()
        ));
    }
    Ok(intent)
}

fn swept(args: &Args, out: &Output) -> Result<u8, Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let intent = intent(args)?;
    let allowed = match intent.tier {
        Tier::Live => allowed_accounts("the id of the account that may be swept")?,
        _ => Vec::new(),
    };
    let scenario = match scenario::read::parse(&intent.file, &intent.text, &providers::shared()) {
        Ok(scenario) => scenario,
        Err(problems) => return Ok(out.problems(&problems)),
    };
    let trial = Trial {
        scenario,
        part: Part::Lifecycle(Vec::new()),
        tier: intent.tier,
        seed: intent.seed,
    };
    let options = RunOptions {
        owner: intent.run.owner.clone(),
        out: Some(args.out.clone()),
        ..RunOptions::quiet()
    };
    let runtime = runtime(&trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let context = TrialContext::of_run(
            &trial,
            intent.run.clone(),
            &options,
            &Silent::shared(),
            today(),
        )
        .map_err(|error| unknown(error.to_string()))?;
        let account = context.observer(Actor::Provisioner);
        let mut failed = same_account(account.as_ref(), &intent, &allowed).await?;
        let scopes: Vec<Scope> = args.region.iter().map(Scope::from).collect();
        let of_run = Swept {
            account: account.as_ref(),
            naming: context.plan.as_ref(),
            intent: &intent,
            scopes: &scopes,
            out: Some(&args.out),
        };
        let mut left = list_and_plan(of_run).await;
        show(&left, args, out);
        if args.delete && left.of(Action::Delete).next().is_some() {
            confirm(args, args.run(), left.of(Action::Delete).count(), out)?;
            let list = async || list_and_plan(of_run).await;
            let folder = args.out.join(args.run());
            left = delete_all(&context, (of_run.account, &folder), list, left, out).await?;
            if args.format == TableOrJson::Table {
                out.report(&plan(&left, args));
            }
        }
        left.failed.append(&mut failed);
        let verdict = verdict(&left);
        if args.format == TableOrJson::Json {
            out.report(&document::text(verdict, &intent, args.delete, &left));
        }
        report(&left, args, out);
        Ok(exit_code::of([verdict]))
    })
}

/// Deletes what the plan says, and writes each deletion into the sweep's log in a folder. `list` lists and plans anew.
async fn delete_all(
    context: &TrialContext<'_>,
    (account, folder): (&dyn Observer, &Path),
    list: impl AsyncFn() -> SweepListing,
    planned: SweepListing,
    out: &Output,
) -> Result<SweepListing, Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let mut log = Log::open(folder)
        .map_err(|error| unknown(format!("the sweep's log cannot be opened: {error}")))?;
    let deleter = context.deleter();
    let sweeper = Sweeper {
        account,
        naming: context.plan.as_ref(),
        deleter: deleter.as_ref(),
        clock: context.clock,
        say: &|line| out.say(line),
    };
    delete(&sweeper, list, planned, &mut log)
        .await
        .map_err(|problem| unknown(format!("{problem}; nothing more was deleted")))
}

/// Shows the plan. If standard output is for a script, the person who confirms it reads it on standard error.
fn show(left: &SweepListing, args: &Args, out: &Output) {
    let plan = plan(left, args);
    match args.format {
        TableOrJson::Table => out.report(&plan),
        TableOrJson::Json if args.delete && !plan.is_empty() => out.tell(plan.trim_end()),
        TableOrJson::Json => {}
    }
}

/// The plan, resource by resource.
fn plan(left: &SweepListing, args: &Args) -> String {
    let line = |word: &str, decision: &Decision| {
        let resource = words(&decision.resource);
        format!("{word:<8}  {resource}: {}\n", decision.why)
    };
    let delete = if args.delete { "delete" } else { "left" };
    let mut text = String::new();
    for (action, word) in [
        (Action::Delete, delete),
        (Action::LeaveToPerson, "by hand"),
        (Action::NotTheRuns, "kept"),
    ] {
        text.extend(left.of(action).map(|decision| line(word, decision)));
    }
    text
}

/// Asks for a confirmation of the plan.
fn confirm(args: &Args, word: &str, count: usize, out: &Output) -> Result<(), Refusal> {
    if args.yes {
        return Ok(());
    }
    let terminal = std::io::stdin().is_terminal();
    let typed = terminal.then(|| {
        out.tell(&format!("type {word} to delete {}:", resources(count)));
        let mut line = Vec::new();
        for byte in std::io::stdin().lock().take(ANSWER_MAX).bytes() {
            match byte {
                Ok(byte) if byte != b'\n' => line.push(byte),
                _ => break,
            }
        }
        String::from_utf8_lossy(&line).into_owned()
    });
    is_confirmed(word, typed.as_deref()).map_err(|error| (exit_code::USAGE, error.to_string()))
}

/// Why a plan is not confirmed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum NotConfirmed {
    #[error("`{typed}` is not {run}; nothing was deleted")]
    Otherwise { typed: String, run: String },
    #[error(
        "the plan cannot be confirmed: standard input is not a terminal; add --yes to delete what it names; nothing \
         was deleted"
    )]
    NoTerminal,
}

/// Whether the typed text confirms the plan; `None` without a terminal.
fn is_confirmed(run: &str, typed: Option<&str>) -> Result<(), NotConfirmed> {
    match typed.map(str::trim) {
        Some(typed) if typed == run => Ok(()),
        Some(typed) => Err(NotConfirmed::Otherwise {
            typed: typed.to_owned(),
            run: run.to_owned(),
        }),
        None => Err(NotConfirmed::NoTerminal),
    }
}

fn resources(count: usize) -> String {
    match count {
        1 => "1 resource".to_owned(),
        count => format!("{count} resources"),
    }
}

/// Something that may be the run's is a finding; an incomplete check is unknown.
fn verdict(left: &SweepListing) -> Verdict {
    let kept = |it: &Decision| it.action == Action::NotTheRuns;
    if !left.decisions.iter().all(kept) {
        Verdict::Fail
    } else if left.failed.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Unknown
    }
}

/// Prints for people what is left and what to do about it.
fn report(left: &SweepListing, args: &Args, out: &Output) {
    for line in &left.not_covered {
        out.say(&format!("not covered  {line}"));
    }
    for failed in &left.failed {
        out.error(failed);
    }
    let tagged = left.of(Action::Delete).count();
    let count = tagged + left.of(Action::LeaveToPerson).count();
    if count > 0 {
        let hint = match (args.delete, tagged) {
            (false, 1..) => "; nothing was deleted: add --delete to remove what the run made",
            (true, 1..) => "; run the same again, or remove them by hand",
            _ => "; remove them by hand if they are the run's",
        };
        let count = resources(count);
        out.say(&format!("{count} of the run {} left{hint}", args.run()));
    } else if left.failed.is_empty() {
        out.say(&format!("nothing of the run {} is left", args.run()));
    } else {
        out.say("the check was incomplete: it is unknown whether anything is left");
    }
}

#[cfg(test)]
mod tests;
