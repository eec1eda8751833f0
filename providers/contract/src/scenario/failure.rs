//! The forced partial failures of a scenario file: what is injected, and what must be observed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Name;
use crate::fault::{Fault, FaultSyntaxError};

/// A forced partial failure, which is a trial of its own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailureBlock<C> {
    /// Name of the failure: its trial is `<scenario>/<name>`.
    pub name: Name,
    /// The faults to inject, as `[actor/]service:operation[#occurrence][*times]=effect[(argument)]`.
    #[serde(default)]
    pub faults: Vec<FaultText>,
    /// The cluster that the first attempt asks for instead: a mistake that the user then corrects.
    pub first_cluster: Option<C>,
    /// What must be observed.
    pub expect: Expectation,
}

/// What must be observed after a forced partial failure. In every case, teardown and a clean audit follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// The first attempt fails; a retry succeeds and creates no duplicates.
    RetrySucceeds,
    /// The provisioner recovers by itself: the first attempt succeeds.
    Survives,
    /// The process dies; a new one takes over and succeeds.
    TakenOver,
    /// Provisioning succeeds; the faults are injected into teardown, which must succeed in the end.
    TeardownSucceeds,
    /// The first attempt fails or dies; teardown removes everything that it left; then a retry succeeds.
    CleanedThenRetried,
    /// Provisioning succeeds; a fault breaks the cluster while the job runs, and the job fails; a new process
    /// provisions again, and then the job succeeds.
    JobFailsThenHealed,
    /// Provisioning succeeds; then the API is unreachable: teardown fails and the audit is unknown. When the
    /// faults are lifted, the same teardown succeeds.
    FinishesLater,
}

impl Expectation {
    /// Whether the first attempt at provisioning must not succeed.
    pub fn first_attempt_fails(self) -> bool {
        matches!(
            self,
            Self::RetrySucceeds | Self::TakenOver | Self::CleanedThenRetried
        )
    }
}

/// A fault in its written form, checked when the file is parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct FaultText(pub Fault);

impl TryFrom<String> for FaultText {
    type Error = FaultSyntaxError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

impl From<FaultText> for String {
    fn from(text: FaultText) -> Self {
        text.0.to_string()
    }
}
