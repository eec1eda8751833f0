//! One suite of Kubernetes API tests for every target: the simulated API server and real clusters, with the same
//! assertions.
//!
//! The assertions come from the documentation of Kubernetes and from what real servers do. Where the simulator
//! differs, the simulator is wrong.

pub mod cases;
pub mod target;

mod answer;
mod finding;
mod test_namespace;

pub use cases::{CASES, Case};
pub use finding::Finding;
pub use target::Target;

use test_namespace::TestNamespace;

/// Runs one case on a target, in its own namespaces, which are removed again.
///
/// # Errors
/// If the target does not behave as the case requires: what differs, and where.
pub async fn run_case(target: &Target, case: &Case) -> Result<(), Finding> {
    let ns = TestNamespace::make(target, case).await?;
    let limit = target.case_limit();
    let done = match tokio::time::timeout(limit, (case.run)(&ns)).await {
        Ok(done) => done,
        Err(_) => Err(Finding::new(format!(
            "the case has not finished after {} s",
            limit.as_secs()
        ))),
    };
    let cleared = ns.clear().await;
    done.and(cleared)
}
