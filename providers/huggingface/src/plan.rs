//! The plan of a scenario on Hugging Face: counts, estimates, names and marks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::{Marks, Naming, Owner};
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};
use kubeproof_contract::run::Run;

use crate::cost::Span;
use crate::spec::HuggingFaceSpec;
use crate::{cost, marks, prices};

/// The longest name of an endpoint (`../shared/reference`, api/judges.md section 5).
const NAME_LENGTH_MAX: usize = 32;

/// The plan of one scenario.
#[derive(Clone, Debug)]
pub struct HuggingFacePlan {
    spec: HuggingFaceSpec,
    /// How many replicas load is to start, if the scenario has any.
    scale_to: Option<u32>,
}

impl HuggingFacePlan {
    /// The plan of what a scenario asks for, with load that starts so many replicas.
    pub fn new(spec: HuggingFaceSpec, scale_to: Option<u32>) -> Self {
        Self { spec, scale_to }
    }
}

/// Endpoints have tags and jobs have labels.
impl Naming for HuggingFacePlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }

    fn marks(&self, run: &Run) -> Marks {
        marks::of(run)
    }

    fn owner_of(&self, resource: &Resource) -> Option<Owner> {
        marks::owner_in(&resource.tags)
    }
}

impl Plan for HuggingFacePlan {
    /// Hugging Face shows no nodes.
    fn nodes_expected(&self) -> usize {
        0
    }

    fn monthly_cost(&self, resource: &Resource) -> Option<MonthlyCost> {
        prices::monthly(resource)
    }

    fn starts_when_used(&self, resource: &Resource) -> Option<String> {
        prices::starts_when_used(resource)
    }

    /// The job that prints the text runs beside that of the scenario.
    fn most_at_once(&self) -> BTreeMap<String, usize> {
        let endpoints = usize::from(self.spec.endpoint.is_some());
        let jobs = 2 * usize::from(self.spec.job.is_some());
        let in_cluster = usize::from(self.spec.kubernetes.is_some());
        [
            ("inference_endpoint", endpoints),
            ("job", jobs),
            ("scheduled_job", 0),
            ("kubernetes_namespace", in_cluster),
            ("kubernetes_secret", in_cluster),
            ("kubernetes_service", in_cluster),
            ("kubernetes_job", in_cluster),
        ]
        .map(|(name, most)| (name.to_owned(), most))
        .into()
    }

    fn estimate(
        &self,
        prices: &PriceContext,
        start: Option<Timestamp>,
        duration_minutes: u32,
    ) -> Estimate {
        let span = Span {
            start,
            seconds: duration_minutes.saturating_mul(60),
            of_resource: false,
            scale_to: self.scale_to,
        };
        cost::estimate(&self.spec, prices, span)
    }

    fn estimate_between(&self, prices: &PriceContext, from: Timestamp, to: Timestamp) -> Estimate {
        let seconds = to.duration_since(from).as_secs().max(1);
        let span = Span {
            start: Some(from),
            seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
            of_resource: true,
            scale_to: self.scale_to,
        };
        cost::estimate(&self.spec, prices, span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::tests::{CPU, JOB, spec};

    #[test]
    fn no_more_than_one_endpoint_and_no_scheduled_job_is_ever_needed() {
        let check = |yaml: &str, endpoints: usize, jobs: usize| {
            let most = HuggingFacePlan::new(spec(yaml), None).most_at_once();
            assert_eq!((most["inference_endpoint"], most["job"]), (endpoints, jobs));
            assert_eq!(most["scheduled_job"], 0);
        };
        check(CPU, 1, 0);
        check(JOB, 0, 2);
    }

    #[test]
    fn names_and_marks_of_a_run_fit_and_are_read_back() {
        let plan = HuggingFacePlan::new(spec(CPU), None);
        let run = Run::new("r1-0a1b2c3d-0a1b2c3d", "me", Timestamp::UNIX_EPOCH);
        assert!(plan.name(&run.beside(run.started_at), "").len() <= 32);
        let endpoint = Resource::new("inference_endpoint", "kp-r1", "acme");
        let marked = endpoint.clone().tagged(marks::labels(&run));
        assert!(plan.is_marked(&run, &marked));
        assert!(!plan.is_marked(&run, &endpoint));
    }
}
