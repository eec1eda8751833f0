//! What `sweep --format json` prints: each resource that may be the run's, and what is done with it.

use jiff::Timestamp;
use kubeproof_contract::check::Verdict;
use kubeproof_contract::scenario::Tier;
use kubeproof_reports::output::{self, Output as JsonOutput};
use schemars::JsonSchema;
use serde::Serialize;

use crate::run_directory::Intent;
use crate::sweep::account::SweepListing;
use crate::sweep::{Action, Decision};

/// What a sweep found and did. The verdict is `fail` while anything is left that is or may be the run's, and
/// `unknown` where that could not be found out.
#[derive(Debug, Serialize, JsonSchema)]
struct Sweep<'a> {
    /// Id of the run.
    run_id: &'a str,
    /// Provider name.
    provider: &'a str,
    /// Tier of the run.
    tier: Tier,
    /// Whether deletion was asked for, with `--delete`.
    delete: bool,
    /// What is there now and carries the run's tag, or may be the run's, in deletion order.
    resources: Vec<Found<'a>>,
    /// What was deleted and is no longer there.
    deleted: Vec<Found<'a>>,
    /// What could not be listed, deleted or found out, with the reason.
    failed: &'a [String],
    /// Resource types and regions that were not looked at.
    not_covered: &'a [String],
}

/// One resource.
#[derive(Debug, Serialize, JsonSchema)]
struct Found<'a> {
    /// What `--delete` does with it.
    action: Action,
    /// Resource type.
    resource_type: &'a str,
    /// Id.
    id: &'a str,
    /// Name, when it has one.
    name: Option<&'a str>,
    /// Region or `global`.
    region: &'a str,
    /// Scope, with provider and account.
    scope: String,
    /// When it was made, as far as the cloud tells.
    created_at: Option<Timestamp>,
    /// Why.
    why: &'a str,
}

impl<'a> Found<'a> {
    fn of(decision: &'a Decision, intent: &Intent) -> Self {
        let resource = &decision.resource;
        Self {
            action: decision.action,
            resource_type: &resource.resource_type,
            id: &resource.id,
            name: resource.name.as_deref(),
            region: resource.scope.as_str(),
            scope: resource
                .scope
                .in_account(&intent.provider, intent.account.as_deref()),
            created_at: resource.created_at,
            why: &decision.why,
        }
    }
}

/// The document of the last look.
pub fn text(verdict: Verdict, intent: &Intent, delete: bool, left: &SweepListing) -> String {
    let found = |decision| Found::of(decision, intent);
    let document = Sweep {
        run_id: &intent.run.id,
        provider: &intent.provider,
        tier: intent.tier,
        delete,
        resources: left.decisions.iter().map(found).collect(),
        deleted: left.deleted.iter().map(found).collect(),
        failed: &left.failed,
        not_covered: &left.not_covered,
    };
    JsonOutput::new(verdict, document).text()
}

/// The JSON schema of what `--format json` prints.
pub fn schema() -> serde_json::Value {
    output::schema::<Sweep<'_>>()
}
