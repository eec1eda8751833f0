//! What can happen to a call of Hugging Face, and where it is documented.
//!
//! This guards against false alarms: an effect that is undocumented for a call is pedantic. Sources are rows of
//! `../shared/reference`, faults.csv (hf-endpoints), which name public reports and clients.

use kubeproof_cloudkit::documented::{self, Sources};
use kubeproof_contract::call::Signature;
use kubeproof_contract::documented_effects::DocumentedEffect as Documented;
use kubeproof_contract::fault::Effect;

use crate::calls::{deploys, runs_job, simulates};
use crate::routes::SERVICES;

const SOURCES: Sources = Sources {
    throttle: "Hub documentation, rate limits: 429",
    server: "MantisAI/hugie issue 27: 500 at a creation",
    server_after: "MantisAI/hugie issue 27: 500 at a creation, of which nothing says whether it was applied",
    lost: "no call has an idempotency token (huggingface_hub 2.4.0, hf_api.py)",
    silent: "huggingface_hub 2.4.0 sends with a timeout of its own",
    expired: "Hub documentation, security tokens: a token can expire or be revoked",
    denied: "Hub documentation, security tokens: 403 without the permission",
};
const QUOTA: &str = "huggingface/lighteval, endpoint_model.py: Conflict: Quota exceeded";
const CAPACITY: &str =
    "huggingface/lighteval, endpoint_model.py: Compute instance not available yet";
const STATES: &str =
    "huggingface_hub 2.4.0, InferenceEndpointStatus; hf-endpoints-documentation, foundations.md";
const JOB_STAGES: &str = "huggingface_hub 2.4.0, JobStage and JobStatus.message";
/// A read that does not show yet what was created a moment ago.
const UNSEEN: Effect = Effect::NotYetVisible(5);

/// All effects on a call of this name.
pub(crate) fn of(call: &Signature) -> Vec<Documented> {
    if call.service == "kubernetes" {
        return documented::kubernetes(call);
    }
    if !SERVICES.iter().any(|service| service.name == call.service) {
        return Vec::new();
    }
    let mut all = documented::rest(call, &SOURCES);
    all.push(Documented::transient(
        Effect::Throttle(Some(12)),
        SOURCES.throttle,
    ));
    if !call.mutating {
        all.push(Documented::pedantic(Effect::StaleRead(None)));
        if simulates(call, &UNSEEN) {
            all.push(Documented::pedantic(UNSEEN));
        }
    }
    if call.operation == "ListEndpoints" {
        all.push(Documented::pedantic(Effect::RepeatedPage));
    }
    if deploys(call) {
        all.extend(of_deployments());
    }
    if runs_job(call) {
        let fail = |code: &str| Effect::AsyncFail(Some(code.to_owned()));
        all.extend([
            Documented::transient(fail("error"), JOB_STAGES),
            Documented::transient(fail("image-pull"), JOB_STAGES),
            Documented::transient(Effect::AsyncStuck, JOB_STAGES),
            Documented::transient(Effect::AsyncLate(2), JOB_STAGES),
        ]);
    }
    all
}

/// Effects on calls after which an endpoint starts or changes.
fn of_deployments() -> Vec<Documented> {
    let fail = |code: &str| Documented::transient(Effect::AsyncFail(Some(code.to_owned())), STATES);
    vec![
        Documented::lasting(Effect::Quota, QUOTA),
        Documented::lasting(Effect::Capacity, CAPACITY),
        fail("failed"),
        fail("no-answer"),
        fail("no-capacity"),
        fail("out-of-memory"),
        Documented::transient(Effect::AsyncStuck, STATES),
        Documented::transient(Effect::AsyncLate(2), STATES),
    ]
}

#[cfg(test)]
mod tests {
    use kubeproof_simkit::bench::{check_documented, check_sources};

    use super::*;
    use crate::calls::calls;

    #[track_caller]
    fn check(call: &str, effect: &str, expected: bool) {
        check_documented(&calls(), of, &format!("{call}={effect}"), expected);
    }

    #[test]
    fn calls_meet_what_is_documented_of_them() {
        check("endpoints:CreateEndpoint", "capacity", true);
        check("endpoints:CreateEndpoint", "async-fail(no-capacity)", true);
        check("endpoints:CreateEndpoint", "lost-response", true);
        check("endpoints:ListEndpoints", "lost-response", false);
        check("endpoints:DeleteEndpoint", "capacity", false);
        check("hub:RunJob", "lost-response", true);
        check("hub:RunJob", "async-fail(image-pull)", true);
        check("hub:CancelJob", "async-stuck", false);
        check("inference:Ask", "lost-response", false);
        check("hub:WhoAmI", "credentials-expire", true);
    }

    #[test]
    fn documented_effects_name_their_source_and_others_do_not() {
        check_sources(&calls(), of);
    }
}
