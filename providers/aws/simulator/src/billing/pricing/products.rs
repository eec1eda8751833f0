//! The products of the Pricing API, made from the rows of the price table.
//!
//! Attributes are those by which clients search; near misses (capacity reservations, other systems, idle addresses) are
//! there on purpose.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kubeproof_contract::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::billing::prices::{self, Row};
use crate::billing::usage::prefix;
use crate::ec2;

/// One product with its on-demand price.
#[derive(Clone, Debug)]
pub struct Product {
    /// The service's code.
    pub service: &'static str,
    /// The product family; some products have none.
    family: Option<&'static str>,
    attributes: BTreeMap<&'static str, String>,
    unit: &'static str,
    usd: Decimal,
    description: String,
    effective: String,
}

impl Product {
    /// The value of an attribute; the family and the service's code count as attributes.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        match name {
            "productFamily" => self.family,
            "servicecode" | "ServiceCode" => Some(self.service),
            _ => self.attributes.get(name).map(String::as_str),
        }
    }
}

/// AWS promises no order. Here what costs nothing or what no one uses comes first, so that a client that takes the first
/// product is found out.
static PRODUCTS: LazyLock<Vec<Product>> = LazyLock::new(|| {
    let mut all: Vec<Product> = prices::table().iter().flat_map(of_row).collect();
    let rank = |product: &Product| match product.attribute("capacitystatus") {
        Some("AllocatedCapacityReservation") => 0,
        Some("UnusedCapacityReservation") => 1,
        _ => 2,
    };
    all.sort_by_cached_key(|product| (rank(product), sku(product)));
    all
});

/// All products.
pub fn all() -> &'static [Product] {
    &PRODUCTS
}

/// The names of all attributes of a service's products.
pub fn attribute_names(service: &str) -> Vec<&'static str> {
    let own = PRODUCTS.iter().filter(|product| product.service == service);
    let mut names: Vec<&'static str> = own
        .flat_map(|product| product.attributes.keys().copied())
        .collect();
    names.extend(["productFamily", "servicecode"]);
    names.sort_unstable();
    names.dedup();
    names
}

/// A product as the API returns it: one JSON string.
pub fn render(product: &Product) -> String {
    let sku = sku(product);
    let term = format!("{sku}.JRTCKXETXF");
    let rate = format!("{term}.6YS6EN2CT7");
    let mut attributes: BTreeMap<&str, &str> = product
        .attributes
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    attributes.insert("servicecode", product.service);
    let mut fields = json!({ "attributes": attributes, "sku": sku });
    if let Some(family) = product.family {
        fields["productFamily"] = family.into();
    }
    let price = json!({
        "unit": product.unit,
        "endRange": "Inf",
        "beginRange": "0",
        "description": product.description,
        "appliesTo": [],
        "rateCode": rate,
        "pricePerUnit": { "USD": format!("{:.10}", product.usd) },
    });
    let offer = json!({
        "priceDimensions": { rate: price },
        "sku": sku,
        "effectiveDate": product.effective,
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    });
    json!({
        "product": fields,
        "serviceCode": product.service,
        "terms": { "OnDemand": { term: offer } },
        "version": "20260929000000",
        "publicationDate": "2026-09-29T00:00:00Z",
    })
    .to_string()
}

/// Sixteen letters, always the same for the same product.
fn sku(product: &Product) -> String {
    let text = format!("{:?}{:?}", product.family, product.attributes);
    Sha256::digest(text.as_bytes())
        .iter()
        .take(16)
        .map(|byte| char::from(b'A' + byte % 26))
        .collect()
}

fn of_row(row: &Row) -> Vec<Product> {
    let region = row.region.as_str();
    let near = prefix(region, false);
    let far = prefix(region, true);
    match (
        row.group.as_str(),
        row.sku.split(" (").next().unwrap_or_default(),
    ) {
        ("instance", instance_type) => instance(row, instance_type, &near),
        ("control_plane", "EKS cluster standard support") => vec![
            Product::new(row, "AmazonEKS", Some("Compute"), "Hours")
                .with("usagetype", format!("{far}AmazonEKS-Hours:perCluster"))
                .with("operation", "CreateOperation")
                .with("tiertype", "HAStandard")
                .described(format!("Amazon EKS cluster usage in {}", location(region))),
        ],
        ("control_plane", "EKS extended support surcharge") => vec![
            Product::new(row, "AmazonEKS", Some("Compute"), "Hours")
                .with("usagetype", format!("{far}AmazonEKS-Hours:extendedSupport"))
                .with("operation", "ExtendedSupport")
                .with("tiertype", "HAStandard")
                .described(format!(
                    "Amazon EKS extended support in {}",
                    location(region)
                )),
        ],
        ("nat_gateway", "NAT gateway hour") => {
            vec![nat(row, "Hrs", format!("{near}NatGateway-Hours"))]
        }
        ("nat_gateway", "NAT gateway data") => {
            vec![nat(row, "GB", format!("{near}NatGateway-Bytes"))]
        }
        ("public_ipv4", "Public IPv4 in use") => {
            vec![address(row, format!("{far}PublicIPv4:InUseAddress"))]
        }
        ("public_ipv4", "Public IPv4 idle") => {
            vec![address(row, format!("{far}PublicIPv4:IdleAddress"))]
        }
        ("disk", "EBS gp3 storage") => vec![disk(row, "gp3", format!("{near}EBS:VolumeUsage.gp3"))],
        ("disk", "EBS gp2 storage") => vec![disk(row, "gp2", format!("{near}EBS:VolumeUsage.gp2"))],
        ("load_balancer", name) => balancer(row, name, format!("{near}LoadBalancerUsage")),
        _ => Vec::new(),
    }
}

/// A product of an instance type for one operating system: its name, the code of its operation, and what an hour costs
/// more than Linux for each processor. Linux alone is in the price table; what the others cost more is from memory and
/// stands here so that a search without the system finds several prices.
struct System {
    name: &'static str,
    operation: &'static str,
    license: &'static str,
    /// Hundred-thousandths of a dollar, for burstable types and for others.
    more: (u32, u32),
}

const SYSTEMS: [System; 3] = [
    System {
        name: "Linux",
        operation: "RunInstances",
        license: "No License required",
        more: (0, 0),
    },
    System {
        name: "Windows",
        operation: "RunInstances:0002",
        license: "No License required",
        more: (920, 4600),
    },
    System {
        name: "RHEL",
        operation: "RunInstances:0010",
        license: "No License required",
        more: (1440, 1440),
    },
];

fn instance(row: &Row, instance_type: &str, near: &str) -> Vec<Product> {
    let known = ec2::instance_types::get(instance_type);
    let processors = known.map_or(0, |known| known.vcpus);
    let is_arm = known.is_some_and(|known| known.architecture == "arm64");
    let mut all = Vec::new();
    // Windows does not run on Arm.
    let systems = SYSTEMS
        .iter()
        .filter(|system| !(is_arm && system.name == "Windows"));
    for system in systems {
        let (burstable, other) = system.more;
        let each = if instance_type.starts_with('t') {
            burstable
        } else {
            other
        };
        let usd = row.usd + Decimal::new(i64::from(each * processors), 5);
        let product = |status: &str, usage: &str, usd: Decimal| {
            let mut product = Product::new(row, "AmazonEC2", Some("Compute Instance"), "Hrs")
                .with("instanceType", instance_type)
                .with("operatingSystem", system.name)
                .with("tenancy", "Shared")
                .with("preInstalledSw", "NA")
                .with("capacitystatus", status)
                .with("licenseModel", system.license)
                .with("operation", system.operation)
                .with("marketoption", "OnDemand")
                .with("usagetype", format!("{near}{usage}:{instance_type}"))
                .described(format!(
                    "${usd} per On Demand {} {instance_type} Instance Hour",
                    system.name
                ));
            product.usd = usd;
            product
        };
        all.push(product("Used", "BoxUsage", usd));
        // An allocated reservation costs nothing by itself, an unused one as much as an instance.
        all.push(product(
            "AllocatedCapacityReservation",
            "Reservation",
            Decimal::ZERO,
        ));
        all.push(product("UnusedCapacityReservation", "UnusedBox", usd));
    }
    all
}

fn nat(row: &Row, unit: &'static str, usage_type: String) -> Product {
    Product::new(row, "AmazonEC2", Some("NAT Gateway"), unit)
        .with("group", "NGW:NatGateway")
        .with("operation", "NatGateway")
        .with("usagetype", usage_type)
}

fn address(row: &Row, usage_type: String) -> Product {
    Product::new(row, "AmazonVPC", None, "Hrs")
        .with("group", "VPCPublicIPv4Address")
        .with("usagetype", usage_type)
}

fn disk(row: &Row, name: &str, usage_type: String) -> Product {
    Product::new(row, "AmazonEC2", Some("Storage"), "GB-Mo")
        .with("volumeApiName", name)
        .with("volumeType", "General Purpose")
        .with("storageMedia", "SSD-backed")
        .with("usagetype", usage_type)
}

fn balancer(row: &Row, name: &str, usage_type: String) -> Vec<Product> {
    let (family, operation) = match name {
        "Classic LB hour" => ("Load Balancer", "LoadBalancing"),
        "ALB hour" => ("Load Balancer-Application", "LoadBalancing:Application"),
        "NLB hour" => ("Load Balancer-Network", "LoadBalancing:Network"),
        _ => return Vec::new(),
    };
    vec![
        Product::new(row, "AWSELB", Some(family), "Hrs")
            .with("operation", operation)
            .with("usagetype", usage_type),
    ]
}

impl Product {
    fn new(
        row: &Row,
        service: &'static str,
        family: Option<&'static str>,
        unit: &'static str,
    ) -> Self {
        let attributes = BTreeMap::from([
            ("regionCode", row.region.clone()),
            ("location", location(&row.region).to_owned()),
            ("locationType", "AWS Region".to_owned()),
        ]);
        Self {
            service,
            family,
            attributes,
            unit,
            usd: row.usd,
            description: format!("${} per {unit}: {}", row.usd, row.sku),
            effective: format!("{}T00:00:00Z", row.source_date),
        }
    }

    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.insert(name, value.into());
        self
    }

    fn described(mut self, description: String) -> Self {
        self.description = description;
        self
    }
}

/// A region's display name.
fn location(region: &str) -> &str {
    match region {
        "us-east-1" => "US East (N. Virginia)",
        "us-east-2" => "US East (Ohio)",
        "us-west-2" => "US West (Oregon)",
        "eu-west-1" => "EU (Ireland)",
        "eu-west-2" => "EU (London)",
        "eu-central-1" => "EU (Frankfurt)",
        other => other,
    }
}
