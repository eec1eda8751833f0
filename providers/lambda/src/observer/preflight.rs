//! Preflight: key, type, capacity and name clashes, changing nothing.

use kubeproof_cloudkit::CallError;
use kubeproof_contract::check::{Check, Verdict};

use crate::api::Api;
use crate::api::types::{Offers, Ruleset, SshKey, is_name_of};
use crate::credentials;
use crate::spec::LambdaSpec;

const LOAD: (&str, &str) = (
    "credentials.load",
    "credentials found in the documented order, a .env file first",
);
const NO_PROMPT: (&str, &str) = ("credentials.no_prompt", "nothing asks interactively");
const CAPACITY: (&str, &str) = (
    "lambda.capacity",
    "the type exists and a region of the scenario lists capacity for it",
);
const NAMES: (&str, &str) = (
    "lambda.names",
    "no key or ruleset bears a name of the run yet",
);

fn check((id, title): (&str, &str), verdict: Verdict, evidence: impl Into<String>) -> Check {
    Check::new(id, title, verdict, evidence)
}

/// All checks, and the type's price in US cents an hour.
pub(super) async fn run(api: &Api, spec: &LambdaSpec) -> (Vec<Check>, Option<u32>) {
    let source = match credentials::find(api.connection()) {
        Ok((_, source)) => source,
        Err(message) => return (vec![check(LOAD, Verdict::Fail, message)], None),
    };
    let offers: Offers = match api.get("ListInstanceTypes", &[]).await {
        Ok(offers) => offers,
        Err(error) => {
            // A rejected key, or a cloud that does not answer, shows nothing about the
            // provisioner.
            return (
                vec![check(LOAD, Verdict::Unknown, format!("{source}: {error}"))],
                None,
            );
        }
    };
    let mut checks = vec![
        check(LOAD, Verdict::Pass, source),
        check(
            NO_PROMPT,
            Verdict::Pass,
            "only files and variables are read",
        ),
    ];
    let (capacity, cents) = capacity(spec, &offers);
    checks.push(capacity);
    checks.push(match names(api).await {
        Ok(taken) if taken.is_empty() => check(NAMES, Verdict::Pass, "none"),
        Ok(taken) => check(NAMES, Verdict::Fail, format!("taken: {}", taken.join(", "))),
        Err(error) => check(NAMES, Verdict::Unknown, error.to_string()),
    });
    (checks, cents)
}

fn capacity(spec: &LambdaSpec, offers: &Offers) -> (Check, Option<u32>) {
    let kind = &spec.instance_type.0;
    let Some(offer) = offers.get(kind) else {
        let known: Vec<&str> = offers.keys().map(String::as_str).collect();
        let evidence = format!(
            "unknown instance type `{kind}` (expected one of {})",
            known.join(", ")
        );
        return (check(CAPACITY, Verdict::Fail, evidence), None);
    };
    let listed = offer.regions();
    let cents = offer.instance_type.price_cents_per_hour;
    let wanted = || spec.regions.0.iter().map(|region| region.0.as_str());
    let there: Vec<&str> = wanted().filter(|region| listed.contains(region)).collect();
    let row = if there.is_empty() {
        let evidence = format!(
            "no capacity is listed for {kind} in {} (listed: [{}]): a launch would say \
             instance-operations/launch/insufficient-capacity; choose another type or region, or try later",
            wanted().collect::<Vec<_>>().join(", "),
            listed.join(", ")
        );
        check(CAPACITY, Verdict::Fail, evidence)
    } else {
        let evidence = format!(
            "{kind}, {cents} US cents an hour, listed in {}",
            there.join(", ")
        );
        check(CAPACITY, Verdict::Pass, evidence)
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
