//! The plan of a scenario on this machine: counts, names and marks. It costs nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kubeproof_contract::cost::Estimate;
use kubeproof_contract::marks::Naming;
use kubeproof_contract::plan::{Plan, PriceContext};
use kubeproof_contract::resource::{MonthlyCost, Resource};

use crate::cost;
use crate::observer::NODE;
use crate::spec::KindSpec;

/// A node's host name is the cluster's name with `-control-plane` or the like behind it, and has at most 63 characters
/// (RFC 1123).
const NAME_LENGTH_MAX: usize = 63 - "-control-plane10".len();

/// The plan of one scenario.
#[derive(Clone, Debug)]
pub struct KindPlan(KindSpec);

impl KindPlan {
    /// The plan of a cluster.
    pub fn new(spec: KindSpec) -> Self {
        Self(spec)
    }
}

/// Labels of the engine take any text. What kind itself makes carries none: the observer adds the mark of the run that
/// the cluster's name holds.
impl Naming for KindPlan {
    fn name_length_max(&self) -> usize {
        NAME_LENGTH_MAX
    }
}

impl Plan for KindPlan {
    fn nodes_expected(&self) -> usize {
        self.0.nodes()
    }

    fn free_because(&self) -> Option<&'static str> {
        Some(cost::FREE)
    }

    fn monthly_cost(&self, _resource: &Resource) -> Option<MonthlyCost> {
        None
    }

    fn most_at_once(&self) -> BTreeMap<String, usize> {
        BTreeMap::from([(NODE.to_owned(), self.0.nodes())])
    }

    fn estimate(&self, _: &PriceContext, _: Option<Timestamp>, _: u32) -> Estimate {
        cost::estimate()
    }
}
