//! The products of the Pricing API, made from the rows of the price table.
//!
//! Attributes are those by which clients search; near misses (capacity reservations, idle
//! addresses) are there on purpose.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use kubeproof_contract::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::billing::prices::{self, Row};
use crate::billing::usage::prefix;

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

static PRODUCTS: LazyLock<Vec<Product>> =
    LazyLock::new(|| prices::table().iter().flat_map(of_row).collect());

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

fn instance(row: &Row, instance_type: &str, near: &str) -> Vec<Product> {
    let product = |status: &str, usage: &str| {
        Product::new(row, "AmazonEC2", Some("Compute Instance"), "Hrs")
            .with("instanceType", instance_type)
            .with("operatingSystem", "Linux")
            .with("tenancy", "Shared")
            .with("preInstalledSw", "NA")
            .with("capacitystatus", status)
            .with("licenseModel", "No License required")
            .with("operation", "RunInstances")
            .with("marketoption", "OnDemand")
            .with("usagetype", format!("{near}{usage}:{instance_type}"))
            .described(format!(
                "${} per On Demand Linux {instance_type} Instance Hour",
                row.usd
            ))
    };
    // An allocated reservation costs nothing by itself: a filter without the capacity status finds zero.
    let mut reserved = product("AllocatedCapacityReservation", "Reservation");
    reserved.usd = Decimal::ZERO;
    vec![product("Used", "BoxUsage"), reserved]
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
