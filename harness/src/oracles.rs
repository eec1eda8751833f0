//! The oracles: what must hold after every trial, faulty or not. Pure functions over data.
//!
//! Here, in `audit::compare` and in `cost`:
//!
//! | oracle | checks |
//! |---|---|
//! | O1 orphans | what the audit lists, and the ground truth holds, beyond the baseline; what was made for the bystander's cluster and outlives both |
//! | O2 duplicates | duplicates: more instances of a type alive at once than the scenario needs, two with the same name, or two by one call that a program repeated because it got no answer |
//! | O3 truth | success was reported but checks failed; the kubeconfig leads to another cluster, or to fewer nodes; what was reported as created or left behind; the audited inventory against the ground truth |
//! | O4 bill | the meter against the budget |
//! | O5 ends | deadlines, the call budget (teardown has its own), `Retry-After` |
//! | O6 bystanders | what was there before, including a cluster of the same provisioner: gone or changed |
//! | O7 no-op | a second teardown changes nothing; a second provision creates nothing and, by the ground truth, changes nothing |
//! | O8 end state | campaigns: a recovered cluster equals that of the clean run, except for addresses and dates; an id stands for the resource that it names |
//! | audit looks | no mutating call by the observer, the auditor or the reader of bills |
//! | cost | the claim against list prices; the estimate against the meter and the bill, line by line and in total |
//!
//! An oracle needs something to observe. A program in a real account makes its calls without kubeproof, and a real
//! account has no ground truth and no meter. Inventories decide where they can (a second teardown, duplicates, changes);
//! otherwise the oracle is *unknown*, as a phase of its name. Faults on such calls are refused in advance.
//!
//! <!-- what oracles need: begin, written by a test with KUBEPROOF_UPDATE_TABLES=1 -->
//! | oracle | shows that | needs |
//! |---|---|---|
//! | O1 orphans | nothing of the run is left | the ground truth, else complete inventories |
//! | O2 duplicates | never more alive than the scenario needs | the ground truth, else complete inventories |
//! | O3 truth | what was reported is there | the ground truth, else complete inventories |
//! | O4 bill | the cost stays within the budget | a meter, else the bill |
//! | O5 ends | the budget of calls and `Retry-After` are kept | the provisioner's calls |
//! | O6 bystanders | what was there before is untouched | the ground truth, else complete inventories |
//! | O7 no-op | a second provision and a second teardown change nothing | the provisioner's calls, else complete inventories |
//! | O8 end state | campaigns: a healed cluster is the clean run's | the ground truth |
//! <!-- what oracles need: end -->
//!
//! Each finding names the resource, its monthly cost, and a command that replays it. Findings are sorted by cost. At most
//! five free resources get their own finding; the rest share one that lists their ids.

pub mod access;
pub mod allowed;
pub mod bystanders;
pub mod calls;
pub mod duplicates;
pub mod end_state;
pub mod finding_id;
pub mod ground_truth;
pub mod needs;
pub mod orphans;
pub mod price;
pub mod repeats;

use kubeproof_contract::resource::Resource;
use kubeproof_reports::record::Permission;

/// A violation that an oracle found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The oracle.
    pub oracle: &'static str,
    /// What is wrong: which resource, what it costs, what was expected.
    pub message: String,
    /// The resources that it is about, where it is about resources: its id is made of them.
    pub resources: Vec<Resource>,
    /// Why the scenario accepts it, if it does: then it is shown, and is no failure.
    pub allowed: Option<Permission>,
}

impl Violation {
    /// Creates a violation that is about resources.
    pub fn about(
        oracle: &'static str,
        message: impl Into<String>,
        resources: Vec<Resource>,
    ) -> Self {
        Self {
            resources,
            ..Self::new(oracle, message)
        }
    }

    /// Creates a violation.
    pub fn new(oracle: &'static str, message: impl Into<String>) -> Self {
        Self {
            oracle,
            message: message.into(),
            resources: Vec::new(),
            allowed: None,
        }
    }
}
