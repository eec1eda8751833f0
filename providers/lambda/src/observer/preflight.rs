//! Preflight: key, type, capacity and name clashes, changing nothing.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Rows, key_accepted};
use kubeproof_contract::check::{Check, Verdict};

use super::checks::ROWS;
use crate::api::Api;
use crate::api::types::{Offers, Ruleset, SshKey, is_name_of, offered};
use crate::credentials::KEY;
use crate::spec::LambdaSpec;

/// The rows that the checklist leaves to preflight alone.
const OWN: Rows = Rows(&[
    (
        CAPACITY,
        "the type exists and a region of the scenario lists capacity for it",
    ),
    (NAMES, "no key or ruleset bears a name of the run yet"),
]);
const CAPACITY: &str = "lambda.capacity";
const NAMES: &str = "lambda.names";

/// All checks, and the type's price in US cents an hour.
pub(super) async fn run(api: &Api, spec: &LambdaSpec) -> (Vec<Check>, Option<u32>) {
    let accepted = key_accepted::<_, Offers>(ROWS, &KEY, api, "ListInstanceTypes").await;
    let (offers, mut checks) = match accepted {
        Ok(accepted) => accepted,
        Err(row) => return (vec![row], None),
    };
    let (capacity, cents) = capacity(spec, &offers);
    checks.push(capacity);
    checks.push(match names(api).await {
        Ok(taken) if taken.is_empty() => OWN.check(NAMES, Verdict::Pass, "none"),
        Ok(taken) => OWN.failed(NAMES, format!("taken: {}", taken.join(", "))),
        Err(error) => OWN.unknown(NAMES, error),
    });
    (checks, cents)
}

fn capacity(spec: &LambdaSpec, offers: &Offers) -> (Check, Option<u32>) {
    let kind = &spec.instance_type.0;
    let offer = match offered(offers, kind) {
        Ok(offer) => offer,
        Err(unknown) => return (OWN.failed(CAPACITY, unknown), None),
    };
    let listed = offer.regions();
    let cents = offer.instance_type.price_cents_per_hour;
    let mut there = spec.regions();
    there.retain(|region| listed.contains(region));
    let row = if there.is_empty() {
        let evidence = format!(
            "no capacity is listed for {kind} in {} (listed: [{}]): a launch would say \
             instance-operations/launch/insufficient-capacity; choose another type or region, or try later",
            spec.regions().join(", "),
            listed.join(", ")
        );
        OWN.failed(CAPACITY, evidence)
    } else {
        let evidence = format!(
            "{kind}, {cents} US cents an hour, listed in {}",
            there.join(", ")
        );
        OWN.check(CAPACITY, Verdict::Pass, evidence)
    };
    (row, Some(cents))
}

async fn names(api: &Api) -> Result<Vec<String>, CallError> {
    let run = &api.connection().run;
    let keys: Vec<SshKey> = api.get("ListSshKeys", &[]).await?;
    let rulesets: Vec<Ruleset> = api.get("ListFirewallRulesets", &[]).await?;
    let names = keys
        .into_iter()
        .map(|key| key.name)
        .chain(rulesets.into_iter().map(|one| one.name));
    Ok(names.filter(|name| is_name_of(run, name)).collect())
}
