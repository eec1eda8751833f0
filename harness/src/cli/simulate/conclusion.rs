//! The result of `kubeproof simulate`: the text, the document of `--format json`, and the exit code.

use std::process::ExitStatus;

use kubeproof_contract::Decimal;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::cost::Charge;
use kubeproof_contract::process::ProcessError;
use kubeproof_contract::resource::Resource;
use kubeproof_reports::output::{self, Output as JsonOutput};
use kubeproof_reports::record::FaultRecord;
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::{Output, TableOrJson};
use crate::exit_code;
use crate::simulate::account_diff::AccountDiff;

/// How a command ended.
#[derive(Clone, Copy, Debug)]
pub enum End {
    /// By itself.
    Status(ExitStatus),
    /// Killed by an injected fault.
    Crashed,
    /// Stopped by a signal to this process.
    Stopped,
    /// There was no command: it served until a signal.
    Served,
}

/// How a command ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum CommandEnd {
    /// There was no command.
    None,
    /// It succeeded.
    Succeeded,
    /// It ended with another status than 0, or by a signal.
    Failed,
    /// It was killed by an injected fault.
    Crashed,
    /// It was stopped from outside before its end.
    Stopped,
    /// It could not be waited for.
    Lost,
}

impl CommandEnd {
    fn of(end: &Result<End, ProcessError>) -> Self {
        match end {
            Ok(End::Served) => Self::None,
            Ok(End::Status(status)) if status.success() => Self::Succeeded,
            Ok(End::Status(_)) => Self::Failed,
            Ok(End::Crashed) => Self::Crashed,
            Ok(End::Stopped) => Self::Stopped,
            Err(_) => Self::Lost,
        }
    }
}

/// What became of the simulated accounts. The verdict is `fail` when something is left, gone or changed or the
/// command failed, and `unknown` when a fault was not injected or the command did not reach its end.
#[derive(Debug, Serialize, JsonSchema)]
struct Simulation<'a> {
    command: CommandEnd,
    accounts: Vec<Account<'a>>,
}

/// What became of one account.
#[derive(Debug, Serialize, JsonSchema)]
struct Account<'a> {
    /// The provider's name for people.
    title: &'a str,
    /// API calls that were made.
    calls: usize,
    /// Minutes of the cloud's time that passed.
    minutes: u64,
    /// New resources.
    left: Vec<Found<'a>>,
    /// New resources that remain by design, with the reason.
    stays: Vec<Found<'a>>,
    /// Resources that were there before, and are gone.
    gone: Vec<Found<'a>>,
    /// Resources that were there before, and have changed.
    changed: Vec<Found<'a>>,
    /// The sum of the charges, US dollars.
    metered: Decimal,
    /// What the meter counted.
    charges: &'a [Charge],
    /// What was used and has no known price.
    unpriced: &'a [String],
    /// Faults that were asked for, with what became of them.
    faults: Vec<FaultRecord>,
}

/// One resource.
#[derive(Debug, Serialize, JsonSchema)]
struct Found<'a> {
    /// Resource type.
    resource_type: &'a str,
    /// Id.
    id: &'a str,
    /// Name, when it has one.
    name: Option<&'a str>,
    /// Region or `global`.
    region: &'a str,
    /// Scope, with the provider.
    scope: String,
    /// What keeping a new one costs a month of 730 hours, US dollars; `null` when no price is known.
    monthly_cost_usd: Option<Decimal>,
    /// Why it remains, where that is by design.
    why: Option<&'a str>,
}

impl<'a> Found<'a> {
    fn of(resource: &'a Resource, provider: &str) -> Self {
        Self {
            resource_type: &resource.resource_type,
            id: &resource.id,
            name: resource.name.as_deref(),
            region: resource.scope.as_str(),
            scope: resource.scope.in_account(provider, None),
            monthly_cost_usd: None,
            why: None,
        }
    }
}

impl<'a> Account<'a> {
    fn of(diff: &'a AccountDiff) -> Self {
        let found = |resource| Found::of(resource, &diff.provider);
        let left = |(resource, usd): &'a (Resource, Option<Decimal>)| Found {
            monthly_cost_usd: *usd,
            ..Found::of(resource, &diff.provider)
        };
        let stays = |(resource, why): &'a (Resource, String)| Found {
            why: Some(why),
            ..Found::of(resource, &diff.provider)
        };
        let faults = diff.faults.iter().map(|(fault, count)| FaultRecord {
            fault: fault.to_string(),
            seen: count.seen,
            injected: count.injected(),
        });
        Self {
            title: &diff.title,
            calls: diff.calls,
            minutes: diff.minutes,
            left: diff.left.iter().map(left).collect(),
            stays: diff.stays.iter().map(stays).collect(),
            gone: diff.gone.iter().map(found).collect(),
            changed: diff.changed.iter().map(found).collect(),
            metered: diff.charges.iter().map(|charge| charge.usd).sum(),
            charges: &diff.charges,
            unpriced: &diff.unpriced,
            faults: faults.collect(),
        }
    }
}

/// Prints the result and returns the exit code.
pub fn conclude(
    out: &Output,
    format: TableOrJson,
    end: Result<End, ProcessError>,
    diffs: &[AccountDiff],
) -> u8 {
    // Even with --quiet, and not to standard output, which is the command's.
    let (untouched, called): (Vec<_>, Vec<_>) = diffs.iter().partition(|diff| diff.is_untouched());
    for diff in &called {
        out.tell(diff.text().trim_end());
    }
    let titles: Vec<&str> = untouched.iter().map(|diff| diff.title.as_str()).collect();
    match (titles.join(", "), called.is_empty()) {
        (titles, _) if titles.is_empty() => {}
        (titles, false) => out.tell(&format!("no calls: {titles}")),
        (titles, true) => out.tell(&format!("left behind: nothing; no calls: {titles}")),
    }
    let command = CommandEnd::of(&end);
    match end {
        Ok(End::Status(status)) if !status.success() => {
            out.error(&format!("the command failed: {status}"));
        }
        Ok(End::Crashed) => out.tell("the command was killed by an injected fault"),
        Ok(End::Stopped) => out.error("the command was stopped before its end"),
        Err(error) => out.error(&error.to_string()),
        Ok(End::Served | End::Status(_)) => {}
    }
    let verdict = verdict(command, diffs);
    if format == TableOrJson::Json {
        let accounts = diffs.iter().map(Account::of).collect();
        let document = Simulation { command, accounts };
        out.report(&JsonOutput::new(verdict, document).text());
    }
    exit_code::of([verdict])
}

fn verdict(command: CommandEnd, diffs: &[AccountDiff]) -> Verdict {
    let finding = diffs.iter().any(AccountDiff::is_finding);
    let unproven = diffs.iter().any(|diff| !diff.not_injected().is_empty());
    match command {
        _ if finding => Verdict::Fail,
        CommandEnd::Failed => Verdict::Fail,
        CommandEnd::Stopped | CommandEnd::Lost => Verdict::Unknown,
        _ if unproven => Verdict::Unknown,
        CommandEnd::None | CommandEnd::Succeeded | CommandEnd::Crashed => Verdict::Pass,
    }
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> serde_json::Value {
    output::schema::<Simulation<'_>>()
}

#[cfg(test)]
mod tests {
    use kubeproof_contract::fault_layer::Count;

    use super::*;

    #[test]
    fn what_is_left_fails_however_the_command_ended() {
        let left = AccountDiff {
            left: vec![(Resource::new("vpc", "vpc-1", "us-east-1"), None)],
            ..AccountDiff::default()
        };
        let fault = "ec2:CreateVpc#1=quota".parse().expect("a fault");
        let unproven = AccountDiff {
            faults: vec![(fault, Count::default())],
            ..AccountDiff::default()
        };
        let check = |command, diffs: &[AccountDiff], expected| {
            assert_eq!(verdict(command, diffs), expected, "{command:?}");
        };
        for (command, alone) in [
            (CommandEnd::None, Verdict::Pass),
            (CommandEnd::Succeeded, Verdict::Pass),
            (CommandEnd::Crashed, Verdict::Pass),
            (CommandEnd::Failed, Verdict::Fail),
            (CommandEnd::Stopped, Verdict::Unknown),
            (CommandEnd::Lost, Verdict::Unknown),
        ] {
            check(command, &[AccountDiff::default()], alone);
            check(
                command,
                &[AccountDiff::default(), left.clone()],
                Verdict::Fail,
            );
            let with_fault = match alone {
                Verdict::Pass => Verdict::Unknown,
                other => other,
            };
            check(command, std::slice::from_ref(&unproven), with_fault);
        }
    }
}
