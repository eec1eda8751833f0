//! Preflight: token, namespace, payment, hardware and name clashes, changing nothing.

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::checks::{Rows, key_accepted};
use kubeproof_contract::Decimal;
use kubeproof_contract::check::{Check, Verdict};

use super::checks::ROWS;
use crate::api::Api;
use crate::api::types::{Caller, Endpoint, Hardware, JobHardware, Offer};
use crate::cost::{price_of_flavor, price_of_place};
use crate::credentials::TOKEN;
use crate::permissions;
use crate::spec::{EndpointSpec, HuggingFaceSpec, JobSpec, Place};

/// The rows that the checklist leaves to preflight alone.
const OWN: Rows = Rows(&[
    (
        NAMESPACE,
        "the token reaches the namespace, which has a payment method",
    ),
    (PERMISSIONS, "the token may do what the scenario needs"),
    (
        HARDWARE,
        "the hardware exists, is available and within the quota",
    ),
    (NAMES, "no endpoint bears a name of the run yet"),
]);
const NAMESPACE: &str = "huggingface.namespace";
const PERMISSIONS: &str = "huggingface.permissions";
const HARDWARE: &str = "huggingface.hardware";
const NAMES: &str = "huggingface.names";

/// What preflight has shown.
#[derive(Debug, Default)]
pub(super) struct Preflight {
    pub(super) checks: Vec<Check>,
    /// Whether the token reaches the namespace.
    pub(super) is_reached: bool,
    /// What hardware costs, US dollars an hour.
    pub(super) prices: Vec<(String, Decimal)>,
}

/// All checks.
pub(super) async fn run(api: &Api, spec: &HuggingFaceSpec) -> Preflight {
    let mut seen = Preflight::default();
    match key_accepted::<_, Caller>(ROWS, &TOKEN, &api.hub, "WhoAmI").await {
        Err(row) => {
            seen.checks.push(row);
            return seen;
        }
        Ok((caller, checks)) => {
            seen.checks = checks;
            seen.is_reached = caller.reached().contains(&spec.namespace.0.as_str());
            seen.checks.push(namespace(spec, &caller));
            seen.checks.push(match permissions::judged(spec, &caller) {
                Ok(text) => OWN.check(PERMISSIONS, Verdict::Pass, text),
                Err(wrong) => OWN.failed(PERMISSIONS, wrong),
            });
        }
    }
    if !seen.is_reached {
        return seen;
    }
    if let Some(endpoint) = &spec.endpoint {
        let row = hardware(api, spec, endpoint, &mut seen.prices).await;
        seen.checks
            .push(row.unwrap_or_else(|error| OWN.unknown(HARDWARE, error)));
        seen.checks.push(name(api, spec).await);
    }
    if let Some(job) = &spec.job {
        let row = job_hardware(api, job, &mut seen.prices).await;
        seen.checks
            .push(row.unwrap_or_else(|error| OWN.unknown(HARDWARE, error)));
    }
    seen
}

fn namespace(spec: &HuggingFaceSpec, caller: &Caller) -> Check {
    let name = &spec.namespace.0;
    let all = caller.reached().join(", ");
    if !caller.reached().contains(&name.as_str()) {
        let message = format!("the token does not reach `{name}`: it reaches {all}");
        return OWN.failed(NAMESPACE, message);
    }
    match caller.can_pay(name) {
        Some(false) => {
            let message = format!(
                "`{name}` has no payment method: add one at https://huggingface.co/settings/billing"
            );
            OWN.failed(NAMESPACE, message)
        }
        Some(true) => OWN.check(NAMESPACE, Verdict::Pass, format!("`{name}` of {all}")),
        None => {
            // Who cannot pay is refused at the first creation, so this is no pass.
            let text = format!("`{name}` of {all}: the service does not say whether it can pay");
            OWN.unknown(NAMESPACE, text)
        }
    }
}

/// The row on an endpoint's hardware: one of its places must do.
async fn hardware(
    api: &Api,
    spec: &HuggingFaceSpec,
    endpoint: &EndpointSpec,
    prices: &mut Vec<(String, Decimal)>,
) -> Result<Check, CallError> {
    let listed: Hardware = api
        .endpoints
        .get("ListHardware", &[&spec.namespace.0])
        .await?;
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for place in endpoint.places() {
        let offers = listed.of(place.vendor.as_str(), &place.region.0);
        let offer = offers
            .iter()
            .find(|offer| offer.hardware() == place.hardware());
        if let Some(offer) = offer {
            prices.push((price_of_place(&place), offer.price_per_hour));
        }
        match judged(endpoint, &place, offer, offers) {
            Ok(text) => good.push(text),
            Err(unfit) => bad.push(unfit.to_string()),
        }
    }
    Ok(if good.is_empty() {
        OWN.failed(HARDWARE, bad.join("; "))
    } else {
        OWN.check(HARDWARE, Verdict::Pass, [good, bad].concat().join("; "))
    })
}

/// Why hardware does not do for an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unfit {
    #[error("{place} is not offered (offered there: {offered})")]
    NotOffered { place: String, offered: String },
    #[error("{place} is {found}, asked for {wanted}")]
    Accelerator {
        place: String,
        found: String,
        wanted: &'static str,
    },
    #[error("{place} is {status}")]
    Status { place: String, status: String },
    #[error("{place}: {asked} accelerators are asked for, {left} of the quota of {quota} are left")]
    Quota {
        place: String,
        asked: u32,
        left: u32,
        quota: u32,
    },
}

fn judged(
    endpoint: &EndpointSpec,
    place: &Place,
    offer: Option<&Offer>,
    offers: &[Offer],
) -> Result<String, Unfit> {
    let place = place.text();
    let Some(offer) = offer else {
        let names: Vec<String> = offers.iter().map(Offer::hardware).collect();
        return Err(Unfit::NotOffered {
            place,
            offered: names.join(", "),
        });
    };
    if offer.accelerator != endpoint.accelerator.as_str() {
        return Err(Unfit::Accelerator {
            place,
            found: offer.accelerator.clone(),
            wanted: endpoint.accelerator.as_str(),
        });
    }
    if matches!(offer.status.as_str(), "not_available" | "deprecated") {
        return Err(Unfit::Status {
            place,
            status: offer.status.clone(),
        });
    }
    let quota = offer.quota;
    let asked = offer.num_accelerators.max(1).saturating_mul(endpoint.max());
    let left = quota
        .max_accelerators
        .saturating_sub(quota.used_accelerators);
    if asked > left {
        return Err(Unfit::Quota {
            place,
            asked,
            left,
            quota: quota.max_accelerators,
        });
    }
    let (status, usd) = (&offer.status, offer.price_per_hour);
    Ok(format!(
        "{place}: {status}, ${usd} an hour and replica, {left} of the quota left"
    ))
}

/// The row on a job's hardware.
async fn job_hardware(
    api: &Api,
    job: &JobSpec,
    prices: &mut Vec<(String, Decimal)>,
) -> Result<Check, CallError> {
    let listed: Vec<JobHardware> = api.hub.get("ListJobHardware", &[]).await?;
    let flavor = &job.flavor.0;
    let Some(found) = listed.iter().find(|one| one.name == *flavor) else {
        let names: Vec<&str> = listed.iter().map(|one| one.name.as_str()).collect();
        let names = names.join(", ");
        return Ok(OWN.failed(
            HARDWARE,
            format!("unknown flavor `{flavor}` (expected one of {names})"),
        ));
    };
    let Some(usd) = found.usd_per_hour() else {
        let message = format!(
            "{flavor} has a price by `{}`, which is no unit that is known",
            found.unit_label
        );
        return Ok(OWN.unknown(HARDWARE, message));
    };
    prices.push((price_of_flavor(flavor), usd));
    Ok(OWN.check(
        HARDWARE,
        Verdict::Pass,
        format!("{flavor} costs ${usd} an hour"),
    ))
}

/// The row on the name of the run's endpoint.
async fn name(api: &Api, spec: &HuggingFaceSpec) -> Check {
    let name = api.connection().run.name("");
    let parameters = [spec.namespace.0.as_str(), &name];
    let found: Result<Endpoint, CallError> = api.endpoints.get("GetEndpoint", &parameters).await;
    match found {
        Err(error) if error.is_not_found() => OWN.check(NAMES, Verdict::Pass, "none"),
        Err(error) => OWN.unknown(NAMES, error),
        Ok(taken) => OWN.failed(NAMES, format!("endpoint {} is there already", taken.name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::{CPU, spec};

    #[test]
    fn whether_a_namespace_can_pay_is_passed_refused_or_not_known() {
        let check = |can_pay: &str, expected: Verdict| {
            let caller = format!(r#"{{"name": "u", "orgs": [{{"name": "acme"{can_pay}}}]}}"#);
            let caller: Caller = serde_json::from_str(&caller).expect("a caller");
            assert_eq!(
                namespace(&spec(CPU), &caller).verdict,
                expected,
                "{can_pay}"
            );
        };
        check(r#", "canPay": true"#, Verdict::Pass);
        check(r#", "canPay": false"#, Verdict::Fail);
        check("", Verdict::Unknown);
    }
}
