//! `kubeproof sweep`: shows what a run left behind, and removes it when that is said and confirmed.
//!
//! What is deleted is decided in `run::sweep`.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

use kubeproof_contract::account::Account;
use kubeproof_contract::call::Actor;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;

use super::output::{Output, TableOrJson};
use crate::audit::compare::words;
use crate::run::directory::{self, DEFAULT_FOLDER, Intent};
use crate::run::lab;
use crate::run::progress::Silent;
use crate::run::stage::{Stage, Surroundings};
use crate::run::sweep::account::{Look, Places, delete, look};
use crate::run::sweep::log::Log;
use crate::run::sweep::{Action, Decision};
use crate::run::trial::{Part, Trial};
use crate::stopwatch::today;
use crate::{exit_code, live, providers, scenario};

pub mod document;

/// The longest answer that is read from a terminal, bytes.
const ANSWER_MAX: u64 = 256;

/// Options of `sweep`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run, as its folder and its tag name it
    #[arg(long, value_name = "ID")]
    run: String,
    /// Folder with run directories
    #[arg(long, value_name = "DIR", default_value = DEFAULT_FOLDER)]
    out: PathBuf,
    /// Delete what the run made and left, after a confirmation; without it nothing is changed
    #[arg(
        long,
        long_help = "Delete what the run made and left, after a confirmation; without it nothing is changed.\n\
            What carries the run's tag and was not there before the run is deleted. The plan is shown first; \
            type the run's id to confirm it, or give --yes where there is no terminal. Each deletion is \
            written to sweep.jsonl in the run's folder before it is sent."
    )]
    delete: bool,
    /// Look only at this region; may be repeated [default: all that are enabled]
    #[arg(long, value_name = "REGION")]
    region: Vec<String>,
    /// Confirm the plan without being asked
    #[arg(long, requires = "delete")]
    yes: bool,
    /// Format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
}

/// A refusal: the exit code and what is said.
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
    let intent = match directory::read_intent(&folder) {
        Ok(found) => found,
        Err(problem) => return usage(format!("{problem}; name the run's folder with --out")),
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
            "the run {} was a rehearsal: nothing of it is real",
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
    let around = Surroundings {
        owner: intent.run.owner.clone(),
        out: Some(args.out.clone()),
        ..Surroundings::quiet()
    };
    let runtime = lab::runtime(&trial).map_err(|error| unknown(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let stage = Stage::of_run(
            &trial,
            intent.run.clone(),
            &around,
            &Silent::shared(),
            today(),
        )
        .map_err(|error| unknown(error.to_string()))?;
        let account = stage.account(Actor::Provisioner);
        let mut failed = same_account(account.as_ref(), &intent, &allowed).await?;
        let places = Places {
            regions: &args.region,
            out: Some(&args.out),
        };
        let mut left = look(account.as_ref(), &intent, places).await;
        show(&left, args, out);
        if args.delete && left.of(Action::Delete).next().is_some() {
            confirm(args, left.of(Action::Delete).count(), out)?;
            let mut log = Log::open(&args.out.join(&args.run))
                .map_err(|error| unknown(format!("the sweep's log cannot be opened: {error}")))?;
            let say = |line: &str| out.say(line);
            let of_run = (&intent, places);
            left = delete(account.as_ref(), of_run, left, &mut log, stage.clock, &say)
                .await
                .map_err(|problem| unknown(format!("{problem}; nothing more was deleted")))?;
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

/// Whether this is the account in which the run was. What cannot be known of it is returned as sentences.
async fn same_account(
    account: &dyn Account,
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
            let problem = format!("whose this is could not be found out: {error}");
            (
                exit_code::UNKNOWN,
                format!("{problem}; nothing was changed"),
            )
        })?,
    };
    is_account_of(intent, found.as_deref()).map_err(|problem| (exit_code::USAGE, problem))
}

/// What cannot be known of the account of a run; or why this is another one.
fn is_account_of(intent: &Intent, found: Option<&str>) -> Result<Vec<String>, String> {
    let run = &intent.run.id;
    match (intent.account.as_deref(), found) {
        (Some(own), Some(found)) if own == found => Ok(Vec::new()),
        (Some(own), found) => Err(format!(
            "the run {run} was in the account {own}, and this is {}; nothing was changed",
            found.unwrap_or("one without a name")
        )),
        // A machine's own engine has no name in all versions.
        (None, _) if intent.tier == Tier::Kind => Ok(Vec::new()),
        (None, _) => Ok(vec![format!(
            "the intent of the run {run} does not name its account: whether it was this one is unknown"
        )]),
    }
}

/// Shows the plan. Where standard output is for a script, a person who confirms it reads it on standard error.
fn show(left: &Look, args: &Args, out: &Output) {
    let plan = plan(left, args);
    match args.format {
        TableOrJson::Table => out.report(&plan),
        TableOrJson::Json if args.delete && !plan.is_empty() => out.tell(plan.trim_end()),
        TableOrJson::Json => {}
    }
}

/// The plan, resource by resource.
fn plan(left: &Look, args: &Args) -> String {
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
    is_confirmed(&args.run, typed.as_deref()).map_err(|problem| (exit_code::USAGE, problem))
}

/// Whether what was typed confirms the plan; `None` where there is no terminal.
fn is_confirmed(run: &str, typed: Option<&str>) -> Result<(), String> {
    match typed.map(str::trim) {
        Some(typed) if typed == run => Ok(()),
        Some(typed) => Err(format!("`{typed}` is not {run}; nothing was deleted")),
        None => Err(
            "the plan cannot be confirmed: standard input is not a terminal; add --yes to delete what it \
             names; nothing was deleted"
                .to_owned(),
        ),
    }
}

fn resources(count: usize) -> String {
    match count {
        1 => "1 resource".to_owned(),
        count => format!("{count} resources"),
    }
}

/// Something that may be the run's is a finding; what could not be found out hides what is there.
fn verdict(left: &Look) -> Verdict {
    let kept = |it: &Decision| it.action == Action::NotTheRuns;
    if !left.decisions.iter().all(kept) {
        Verdict::Fail
    } else if left.failed.is_empty() {
        Verdict::Pass
    } else {
        Verdict::Unknown
    }
}

/// Says to people what is left and what to do about it.
fn report(left: &Look, args: &Args, out: &Output) {
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
        out.say("not everything could be found out: unknown whether anything is left");
    }
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::resource::Resource;
    use kubeproof_contract::run::Run;

    use super::*;

    fn intent(tier: Tier, account: Option<&str>) -> Intent {
        let began = "2026-11-23T10:00:00Z".parse().expect("a date");
        Intent {
            run: Run::new("r1", "me", began),
            scenario: "s".to_owned(),
            file: "s.yaml".to_owned(),
            provider: "cloud".to_owned(),
            tier,
            seed: 1,
            text: String::new(),
            account: account.map(str::to_owned),
            before: None,
        }
    }

    #[test]
    fn only_the_account_of_the_run_is_swept() {
        let check = |tier, own, found, expected: Result<usize, ()>| {
            let said = is_account_of(&intent(tier, own), found);
            let said = said.map(|unknown| unknown.len()).map_err(|_| ());
            assert_eq!(said, expected, "{own:?} {found:?}");
        };
        check(Tier::Live, Some("111"), Some("111"), Ok(0));
        check(Tier::Live, Some("111"), Some("222"), Err(()));
        check(Tier::Live, Some("111"), None, Err(()));
        check(Tier::Live, None, Some("111"), Ok(1));
        check(Tier::Kind, Some("engine"), Some("other"), Err(()));
        check(Tier::Kind, None, Some("engine"), Ok(0));
    }

    #[test]
    fn what_is_left_fails_and_what_is_hidden_is_unknown() {
        let look = |actions: &[Action], failed: &[&str]| Look {
            decisions: actions
                .iter()
                .map(|action| Decision {
                    resource: Resource::new("container", "c", "local"),
                    action: *action,
                    why: String::new(),
                })
                .collect(),
            failed: failed.iter().map(|line| (*line).to_owned()).collect(),
            ..Look::default()
        };
        let check = |actions: &[Action], failed: &[&str], expected| {
            assert_eq!(verdict(&look(actions, failed)), expected, "{actions:?}");
        };
        check(&[], &[], Verdict::Pass);
        check(&[Action::NotTheRuns], &[], Verdict::Pass);
        check(&[Action::NotTheRuns], &["not listed"], Verdict::Unknown);
        check(&[Action::NotTheRuns, Action::Delete], &[], Verdict::Fail);
        check(&[Action::LeaveToPerson], &["not listed"], Verdict::Fail);
    }

    #[test]
    fn a_plan_is_confirmed_by_the_runs_whole_id_only() {
        assert_eq!(is_confirmed("r1", Some("r1\r")), Ok(()));
        for typed in ["", "y", "yes", "r", "r10", "R1"] {
            assert!(is_confirmed("r1", Some(typed)).is_err(), "{typed}");
        }
        let refusal = is_confirmed("r1", None).expect_err("no terminal");
        assert!(refusal.contains("--yes"), "{refusal}");
    }
}
