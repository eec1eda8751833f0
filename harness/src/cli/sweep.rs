//! `kubeproof sweep`: lists what a run left behind, and deletes it when asked to and confirmed.
//!
//! `sweep` decides what is deleted.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::observer::Observer;
use kubeproof_contract::scenario::Tier;
use kubeproof_contract::scope::Scope;

use super::output::{Output, TableOrJson};
use crate::audit::compare::words;
use crate::run_directory::{self, DEFAULT_FOLDER, Intent};
use crate::sweep::account::{SweepListing, Swept, delete, list_and_plan};
use crate::sweep::log::Log;
use crate::sweep::{Action, Decision};
use crate::trial::{Part, Trial};
use crate::trial_context::account::Account as _;
use crate::trial_context::progress::Silent;
use crate::trial_context::runtime::runtime;
use crate::trial_context::{RunOptions, TrialContext};
use crate::wall_clock::today;
use crate::{exit_code, live, providers, scenario};

pub mod document;

/// The longest answer that is read from a terminal, bytes.
const ANSWER_MAX: u64 = 256;

const AFTER_HELP: &str = "\
Needs only the run's folder. What was in the account before the run is kept, whatever its tags say;
what may be the run's, without proof, is left to a person. Any other account than the run's is
refused. A real account must be named in KUBEPROOF_LIVE_ACCOUNT.

Exit codes:
  0   nothing of the run is left
  1   something is left that is the run's, or may be
  2   usage error, another account, or a plan that was not confirmed; nothing was deleted
  3   inconclusive: something could not be listed

Examples:
  kubeproof sweep --run ID                             what the run left behind
  kubeproof sweep --run ID --delete                    remove it, after a confirmation";

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Id of the run, as in its folder name and its tag
    #[arg(long, value_name = "ID")]
    run: String,
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

/// A refusal: exit code and message.
type Refusal = (u8, String);

/// Shows or removes what a run left.
pub fn run(args: &Args, out: &Output) -> u8 {
    match swept(args, out) {
        Ok(code) => code,
        Err((code, problem)) => {
            out.error(&problem);
            code
        }
    }
}

/// The intent of the run that was asked for.
fn intent(args: &Args) -> Result<Intent, Refusal> {
    let usage = |problem: String| Err((exit_code::USAGE, problem));
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if args.run.is_empty() || !args.run.chars().all(fits) {
        return usage(format!("`{}` is not the id of a run", args.run));
    }
    let folder = args.out.join(&args.run);
    let intent = match run_directory::read_intent(&folder) {
        Ok(found) => found,
        Err(error) => return usage(format!("{error}; name the run's folder with --out")),
    };
    if intent.run.id != args.run {
        return usage(format!(
            "{} is a copy: its intent is of the run {}; sweep that one, from its own folder",
            folder.display(),
            intent.run.id
        ));
    }
    if intent.tier == Tier::Rehearsal {
        return usage(format!(
            "the run {} was a rehearsal, which creates nothing real",
            args.run
        ));
    }
    if intent.tier == Tier::Live && intent.account.is_none() && args.delete {
        return usage(format!(
            "the intent of the run {} was written by an older version and does not name its account, so \
             nothing is deleted; see what is left without --delete, and remove it by hand",
            args.run
        ));
    }
    Ok(intent)
}

fn swept(args: &Args, out: &Output) -> Result<u8, Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let intent = intent(args)?;
    let allowed = live::allowed_accounts(&crate::simulate::environment::own());
    if intent.tier == Tier::Live && allowed.is_empty() {
        let variable = live::ACCOUNT_VARIABLE;
        return Err((
            exit_code::USAGE,
            format!("set {variable} to the id of the account that may be swept"),
        ));
    }
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
            confirm(args, left.of(Action::Delete).count(), out)?;
            left = delete_all(args, out, &context, of_run, left).await?;
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

/// Deletes what the plan says, and writes each deletion into the sweep's log.
async fn delete_all(
    args: &Args,
    out: &Output,
    context: &TrialContext<'_>,
    of_run: Swept<'_>,
    left: SweepListing,
) -> Result<SweepListing, Refusal> {
    let unknown = |problem: String| (exit_code::UNKNOWN, problem);
    let mut log = Log::open(&args.out.join(&args.run))
        .map_err(|error| unknown(format!("the sweep's log cannot be opened: {error}")))?;
    let (deleter, clock) = (context.deleter(), context.clock);
    let say = |line: &str| out.say(line);
    let left = delete(of_run, deleter.as_ref(), left, &mut log, clock, &say)
        .await
        .map_err(|problem| unknown(format!("{problem}; nothing more was deleted")))?;
    if args.format == TableOrJson::Table {
        out.report(&plan(&left, args));
    }
    Ok(left)
}

/// Checks that this is the account of the run. Returns what could not be verified, as sentences.
async fn same_account(
    account: &dyn Observer,
    intent: &Intent,
    allowed: &[String],
) -> Result<Vec<String>, Refusal> {
    let found = match intent.tier {
        Tier::Live => {
            let id = live::in_allowed_account(account, allowed).await;
            Some(id.map_err(|refusal| {
                let code = match refusal.verdict {
                    Verdict::Fail => exit_code::USAGE,
                    _ => exit_code::UNKNOWN,
                };
                (code, format!("{}; nothing was changed", refusal.message))
            })?)
        }
        _ => account.account_id().await.map_err(|error| {
            let problem = format!("could not determine whose account this is: {error}");
            (
                exit_code::UNKNOWN,
                format!("{problem}; nothing was changed"),
            )
        })?,
    };
    is_account_of(intent, found.as_deref()).map_err(|other| (exit_code::USAGE, other.to_string()))
}

/// Another account than that of the run.
#[derive(Debug, thiserror::Error)]
#[error(
    "the run {run} was in the account {own}, and this is {}; nothing was changed",
    .found.as_deref().unwrap_or("one without a name")
)]
struct OtherAccount {
    run: String,
    own: String,
    found: Option<String>,
}

/// What could not be verified about the account of a run, or why this is another one.
fn is_account_of(intent: &Intent, found: Option<&str>) -> Result<Vec<String>, OtherAccount> {
    let run = &intent.run.id;
    match (intent.account.as_deref(), found) {
        (Some(own), Some(found)) if own == found => Ok(Vec::new()),
        (Some(own), found) => Err(OtherAccount {
            run: run.clone(),
            own: own.to_owned(),
            found: found.map(str::to_owned),
        }),
        // A machine's own engine has no name in all versions.
        (None, _) if intent.tier == Tier::Kind => Ok(Vec::new()),
        (None, _) => Ok(vec![format!(
            "the intent of the run {run} does not name its account: whether it was this one is unknown"
        )]),
    }
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
fn confirm(args: &Args, count: usize, out: &Output) -> Result<(), Refusal> {
    if args.yes {
        return Ok(());
    }
    let terminal = std::io::stdin().is_terminal();
    let typed = terminal.then(|| {
        out.tell(&format!(
            "type {} to delete {}:",
            args.run,
            resources(count)
        ));
        let mut line = Vec::new();
        for byte in std::io::stdin().lock().take(ANSWER_MAX).bytes() {
            match byte {
                Ok(byte) if byte != b'\n' => line.push(byte),
                _ => break,
            }
        }
        String::from_utf8_lossy(&line).into_owned()
    });
    is_confirmed(&args.run, typed.as_deref()).map_err(|error| (exit_code::USAGE, error.to_string()))
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
        out.say(&format!("{count} of the run {} left{hint}", args.run));
    } else if left.failed.is_empty() {
        out.say(&format!("nothing of the run {} is left", args.run));
    } else {
        out.say("the check was incomplete: it is unknown whether anything is left");
    }
}

#[cfg(test)]
mod tests;
