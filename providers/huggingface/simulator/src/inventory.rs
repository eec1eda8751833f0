//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::state::State;
use crate::{cluster, endpoints, jobs, repositories, webhooks};

/// All resources, product by product.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    let all = endpoints::inventory(state).chain(jobs::inventory(state));
    let all = all.chain(repositories::inventory(state));
    let all = all.chain(webhooks::inventory(state));
    all.chain(cluster::inventory(state)).collect()
}
