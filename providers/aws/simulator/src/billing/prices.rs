//! The simulator's reading of the price table: what each usage costs in a region.
//!
//! Reads the same data file as the estimate but shares no code with it, so that an error in either
//! shows as a difference.

use std::sync::LazyLock;

use kubeproof_contract::Decimal;

/// One row of `prices.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Region, or `global`.
    pub region: String,
    /// What is priced: `instance`, `nat_gateway`, …; `fixture` for rates measured in another region.
    pub group: String,
    /// The name of the thing.
    pub sku: String,
    /// Unit of the price: `hour`, `GB-month`.
    pub unit: String,
    /// US dollars per unit.
    pub usd: Decimal,
    pub source_date: String,
}

static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    include_str!("../../../prices.csv")
        .lines()
        .skip(1)
        .filter_map(read)
        .collect()
});

/// The region whose list prices stand in for lines without a regional row.
pub const REFERENCE_REGION: &str = "us-east-1";

fn read(line: &str) -> Option<Row> {
    let mut cells = line.split(',').map(str::trim);
    let mut next = || cells.next();
    let (_cloud, region, group, sku, unit, usd) =
        (next()?, next()?, next()?, next()?, next()?, next()?);
    let source_date = line.rsplit(',').nth(1)?;
    Some(Row {
        region: region.to_owned(),
        group: group.to_owned(),
        sku: sku.to_owned(),
        unit: unit.to_owned(),
        usd: usd
            .parse()
            .or_else(|_| Decimal::from_scientific(usd))
            .ok()?,
        source_date: source_date.to_owned(),
    })
}

/// All rows.
pub fn table() -> &'static [Row] {
    &TABLE
}

/// What is priced per hour or month, except instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// The control plane of one EKS cluster in standard support.
    ControlPlane,
    /// The surcharge of a control plane whose version is in extended support.
    ExtendedSupport,
    NatGateway,
    /// One public IPv4 address in use.
    AddressInUse,
    /// One idle public IPv4 address.
    AddressIdle,
    /// One GB of gp2.
    Gp2,
    /// One GB of gp3.
    Gp3,
    ClassicLoadBalancer,
    ApplicationLoadBalancer,
    NetworkLoadBalancer,
    CostExplorerRequest,
    KmsKey,
    InterfaceEndpoint,
    /// One processor of a pod on Fargate.
    FargateCpu,
    /// One GB of a pod on Fargate.
    FargateMemory,
}

impl Item {
    /// The group of its row, and the prefix of the name in the row.
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::ControlPlane => ("control_plane", "EKS cluster standard support"),
            Self::ExtendedSupport => ("control_plane", "EKS extended support surcharge"),
            Self::NatGateway => ("nat_gateway", "NAT gateway hour"),
            Self::AddressInUse => ("public_ipv4", "Public IPv4 in use"),
            Self::AddressIdle => ("public_ipv4", "Public IPv4 idle"),
            Self::Gp2 => ("disk", "EBS gp2 storage"),
            Self::Gp3 => ("disk", "EBS gp3 storage"),
            Self::ClassicLoadBalancer => ("load_balancer", "Classic LB hour"),
            Self::ApplicationLoadBalancer => ("load_balancer", "ALB hour"),
            Self::NetworkLoadBalancer => ("load_balancer", "NLB hour"),
            Self::CostExplorerRequest => ("billing_api", "Cost Explorer API request"),
            Self::KmsKey => ("kms", "KMS key"),
            Self::InterfaceEndpoint => ("endpoint", "VPC interface endpoint"),
            Self::FargateCpu => ("fargate", "Fargate vCPU"),
            Self::FargateMemory => ("fargate", "Fargate memory"),
        }
    }

    /// The name of a rate measured outside the reference region.
    fn fixture(self) -> Option<&'static str> {
        match self {
            Self::ControlPlane => Some("EKS cluster hour (measured CUR)"),
            Self::AddressInUse | Self::AddressIdle => Some("Public IPv4 hour (measured CUR)"),
            Self::NatGateway => Some("NAT gateway hour (measured CUR)"),
            Self::Gp3 => Some("EBS gp3 (measured CUR)"),
            Self::ApplicationLoadBalancer => Some("ALB hour (measured CE)"),
            _ => None,
        }
    }
}

/// The price of an item. Where the table has no row for the region, the reference region's list
/// price stands in, and [`is_listed`] says so: a rehearsal there still meters, and its cost is unknown.
pub fn of(region: &str, item: Item) -> Option<Decimal> {
    let (group, start) = item.row();
    let listed = |region: &str| {
        TABLE
            .iter()
            .find(|row| row.region == region && row.group == group && row.sku.starts_with(start))
    };
    item.fixture()
        .and_then(|name| fixture(region, name))
        .or_else(|| listed(region))
        .or_else(|| listed(REFERENCE_REGION))
        .or_else(|| listed("global"))
        .map(|row| row.usd)
}

/// Whether the table has a price for an item in this very region.
pub fn is_listed(region: &str, item: Item) -> bool {
    let (group, start) = item.row();
    let measured = item.fixture().and_then(|name| fixture(region, name));
    measured.is_some()
        || TABLE.iter().any(|row| {
            (row.region == region || row.region == "global")
                && row.group == group
                && row.sku.starts_with(start)
        })
}

/// The hourly price of an instance type in this very region, if known.
pub fn of_instance(region: &str, instance_type: &str) -> Option<Decimal> {
    TABLE
        .iter()
        .find(|row| row.region == region && row.group == "instance" && row.sku == instance_type)
        .or_else(|| fixture(region, &format!("{instance_type} (measured CUR)")))
        .map(|row| row.usd)
}

fn fixture(region: &str, sku: &str) -> Option<&'static Row> {
    TABLE
        .iter()
        .find(|row| row.region == region && row.group == "fixture" && row.sku == sku)
}
