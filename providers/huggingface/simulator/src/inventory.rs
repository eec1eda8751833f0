//! The ground truth: all resources that exist now, in the form that an auditor sees.

use kubeproof_contract::resource::Resource;

use crate::endpoints;
use crate::state::State;

/// All resources, product by product.
pub(crate) fn all(state: &State) -> Vec<Resource> {
    endpoints::inventory(state).collect()
}
