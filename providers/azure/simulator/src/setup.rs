//! How a simulated subscription begins: its ids, its secrets, its seed, its quotas.

use jiff::Timestamp;
use kubeproof_contract::Decimal;

/// The subscription. Made up, as all ids and secrets here.
pub const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";
/// The tenant: the directory that the subscription trusts.
pub const TENANT: &str = "11111111-1111-1111-1111-111111111111";
/// The application of the caller.
pub const CLIENT_ID: &str = "33333333-3333-3333-3333-333333333333";
/// The service principal of that application.
pub const CALLER: &str = "22222222-2222-2222-2222-222222222222";
/// The secret of that application.
pub const CLIENT_SECRET: &str = "kubeproof~rehearsal~0000000000000000000000";
/// The tag that names the run of a resource.
pub const RUN_TAG: &str = "kubeproof:run";

/// The initial settings of a subscription.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The seed of ids.
    pub seed: u64,
    /// The time at the beginning.
    pub now: Timestamp,
    /// The subscription's id.
    pub subscription: String,
    /// The tenant's id.
    pub tenant: String,
    /// The namespaces that are registered at the beginning, such as `Microsoft.Network`.
    pub registered: Vec<String>,
    /// The vCPUs that may be used in a region: of each family, and of all together.
    pub cores_max: u32,
    /// Whether the caller may change role assignments.
    pub may_assign_roles: bool,
    /// Resource types that a policy forbids, such as `Microsoft.Network/publicIPAddresses`.
    pub disallowed_types: Vec<String>,
    /// Zones without machines to give: `eastus-1`.
    pub exhausted_zones: Vec<String>,
    /// The most items of one page of a list.
    pub page_size: usize,
    /// Whether resources of other owners and shared ones exist from the start.
    pub bystanders: bool,
    /// The currency of the account's bills.
    pub currency: Currency,
    /// The hours after which usage is in the cost data, least and most.
    pub cost_lag_hours: (u32, u32),
    /// The most rows of one page of cost data.
    pub cost_page_rows: usize,
    /// How much of all usage is refunded, percent, by rows of their own.
    pub refunded_percent: u32,
}

/// The currency of bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Currency {
    /// `EUR`.
    pub code: String,
    /// How much of it a US dollar is.
    pub per_usd: Decimal,
}

impl Currency {
    /// US dollars, in which all prices are.
    pub fn usd() -> Self {
        Self {
            code: "USD".to_owned(),
            per_usd: Decimal::ONE,
        }
    }

    /// Euros, at the rate that follows from a real bill of August 2026: 0.8785.
    pub fn eur() -> Self {
        Self {
            code: "EUR".to_owned(),
            per_usd: Decimal::new(8785, 4),
        }
    }
}

impl Setup {
    /// A subscription with bystanders.
    pub fn new(seed: u64, now: Timestamp) -> Self {
        let registered = [
            "Microsoft.Authorization",
            "Microsoft.Compute",
            "Microsoft.ContainerService",
            "Microsoft.Insights",
            "Microsoft.ManagedIdentity",
            "Microsoft.Network",
            "Microsoft.Resources",
        ];
        Self {
            seed,
            now,
            subscription: SUBSCRIPTION.to_owned(),
            tenant: TENANT.to_owned(),
            registered: registered.map(str::to_owned).to_vec(),
            cores_max: 100,
            may_assign_roles: true,
            disallowed_types: Vec::new(),
            exhausted_zones: Vec::new(),
            page_size: 100,
            bystanders: true,
            currency: Currency::usd(),
            // Documented: 8 to 24 hours.
            cost_lag_hours: (8, 24),
            cost_page_rows: 1000,
            refunded_percent: 0,
        }
    }
}
