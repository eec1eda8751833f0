//! One body of tests of the Kubernetes API, for every arm that there is: the simulated API server
//! and real clusters, with the same assertions.
//!
//! Apart from both: what is asserted here comes from the documentation of Kubernetes and from what
//! real servers do. Where the simulator differs, the simulator is wrong.

pub mod arm;
pub mod cases;

mod answer;
mod finding;
mod place;

pub use arm::Arm;
pub use cases::{CASES, Case};
pub use finding::Finding;

use place::Place;

/// Runs one case on an arm, in name spaces of its own that are removed again.
///
/// # Errors
/// When the arm does something else than the case says: what, and where.
pub async fn run_case(arm: &Arm, case: &Case) -> Result<(), Finding> {
    let place = Place::make(arm, case).await?;
    let limit = arm.case_limit();
    let done = match tokio::time::timeout(limit, (case.run)(&place)).await {
        Ok(done) => done,
        Err(_) => Err(Finding::new(format!(
            "the case is not through after {} s",
            limit.as_secs()
        ))),
    };
    let cleared = place.clear().await;
    done.and(cleared)
}
