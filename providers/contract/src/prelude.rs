//! What the signatures of a provider's and an observer's traits name, for the files that implement them.

pub use crate::call::{Dialect, Signature};
pub use crate::check::{Check, Verdict};
pub use crate::clock::Clock;
pub use crate::cost::Billed;
pub use crate::deleter::Deleter;
pub use crate::documented_effects::DocumentedEffect;
pub use crate::fault::{Effect, Fault};
pub use crate::fault_layer::ForeignChanges;
pub use crate::ground_truth::Rehearsal;
pub use crate::observer::{
    Billing, Creation, Learned, LearnedSoFar, Lister, Observer, ObserverError, Ownership,
    OwnershipClaim,
};
pub use crate::permissions::{LeastPermissions, Permissions};
pub use crate::placeholder::MakePlaceholders;
pub use crate::plan::Plan;
pub use crate::provider::{
    Connection, CredentialFuture, Defect, Documented, LiveAccess, OtherActors, ProgramSupport,
    Provider, ProviderParts, Retention, Simulated, SimulatedOperations,
};
pub use crate::provider_errors::{ForeignChangeError, NoCredentials, NotReady};
pub use crate::provisioner::{KubernetesAccess, Provisioned, Provisioner};
pub use crate::resource::{MonthlyCost, Resource, ResourceType};
pub use crate::run::Run;
pub use crate::scenario::{AnyScenario, ScenarioError, ScenarioFile, Tier};
pub use crate::scope::{Breadth, Cell, Listed, Listing, Scope};
pub use crate::serve::{ClientEnvironment, ServeError, Served, Serving, Variable};
pub use crate::terraform::{ClusterBlock, Configuration, TerraformProvider};
pub use crate::transport::SharedTransport;
pub use crate::workload::{Workload, WorkloadError};
