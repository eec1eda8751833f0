//! When the run last asked for something that is made whatever else is gone: a network, an account, a cluster. All else
//! is made in a network, or for what is in it.

use std::time::Duration;

use kubeproof_cloudkit::CallError;
use kubeproof_cloudkit::asked::AskedFile;

use super::Work;

/// A minute for the repetitions of a call, and as long as an own call without an answer is looked up.
const ASKED: AskedFile = AskedFile {
    name: "gcp-asked.json",
    carried_out_within: Duration::from_mins(2),
};

/// Notes that something is asked for now.
pub(super) async fn note(work: &Work) -> Result<(), CallError> {
    ASKED.note(work.api.connection()).await
}

/// How long something that an earlier process asked for may still be carried out.
pub(super) async fn rest(work: &Work) -> Duration {
    ASKED.rest(work.api.connection()).await
}
