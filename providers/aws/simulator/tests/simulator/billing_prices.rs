//! The Pricing API with the exact filters that price tools use, and the table behind it.

use kubeproof_aws_simulator::billing::prices::{self, Item};
use kubeproof_aws_simulator::billing::usage;
use kubeproof_contract::Decimal;
use kubeproof_simkit::cloud::Cloud as _;
use serde_json::{Value, json};

use crate::requests::{self, account, json_error, json_ok, setup};

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// Prices and usage types of all products that the filters find, over all pages.
fn products(
    page_size_max: usize,
    service: &str,
    filters: &[(&str, &str)],
) -> Vec<(Decimal, Value)> {
    let mut setup = setup();
    setup.page_size_max = page_size_max;
    let mut cloud = account(setup);
    let filters: Vec<Value> = filters
        .iter()
        .map(|(field, value)| json!({ "Type": "TERM_MATCH", "Field": field, "Value": value }))
        .collect();
    let mut body = json!({ "ServiceCode": service, "Filters": filters });
    let mut found = Vec::new();
    for page in 1.. {
        assert!(page < 200, "pages without end");
        let answer = json_ok(&mut cloud, "pricing", "GetProducts", &body);
        for text in answer["PriceList"].as_array().expect("a list") {
            let product: Value =
                serde_json::from_str(text.as_str().expect("a JSON text")).expect("JSON");
            let term = first(&product["terms"]["OnDemand"]).clone();
            let usd = first(&term["priceDimensions"])["pricePerUnit"]["USD"].clone();
            found.push((
                decimal(usd.as_str().expect("a text")),
                product["product"].clone(),
            ));
        }
        match answer["NextToken"].as_str() {
            Some(next) => body["NextToken"] = next.into(),
            None => break,
        }
    }
    found
}

fn first(value: &Value) -> &Value {
    value
        .as_object()
        .and_then(|members| members.values().next())
        .expect("a member")
}

/// Checks that the filters find exactly one product at this price.
fn check(service: &str, filters: &[(&str, &str)], usd: &str) -> Value {
    let found = products(1000, service, filters);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, decimal(usd));
    found[0].1.clone()
}

#[test]
fn an_instance_is_found_by_the_seven_exact_filters() {
    let filters = [
        ("instanceType", "t3.medium"),
        ("regionCode", "us-east-1"),
        ("operatingSystem", "Linux"),
        ("tenancy", "Shared"),
        ("preInstalledSw", "NA"),
        ("capacitystatus", "Used"),
        ("licenseModel", "No License required"),
    ];
    check("AmazonEC2", &filters, "0.0416");
    let without_status: Vec<_> = filters
        .into_iter()
        .filter(|(field, _)| *field != "capacitystatus")
        .collect();
    assert_eq!(
        products(1000, "AmazonEC2", &without_status).len(),
        3,
        "reservations too, at zero and unused"
    );
    let without_system: Vec<_> = filters
        .into_iter()
        .filter(|(field, _)| *field != "operatingSystem")
        .collect();
    assert_eq!(products(1000, "AmazonEC2", &without_system).len(), 3);
}

#[test]
fn the_first_of_several_products_is_not_the_one_that_is_meant() {
    let filters = [("instanceType", "t3.medium"), ("regionCode", "us-east-1")];
    let all = products(1000, "AmazonEC2", &filters);
    assert_eq!(all.len(), 9);
    assert_eq!(all[0].0, decimal("0"));
}

#[test]
fn a_product_that_aws_has_and_the_table_has_not_is_never_an_empty_list() {
    let mut cloud = account(setup());
    let mut check = |filters: &[(&str, &str)], status: u16| {
        let filters: Vec<_> = filters
            .iter()
            .map(|(field, value)| json!({"Type": "TERM_MATCH", "Field": field, "Value": value}))
            .collect();
        let body = json!({"ServiceCode": "AmazonEC2", "Filters": filters});
        let (seen, answer) = requests::json(&mut cloud, "pricing", "GetProducts", &body);
        assert_eq!(seen, status, "{body}: {answer}");
        if status == 200 {
            assert_eq!(answer["PriceList"], json!([]), "{body}");
        }
    };
    check(
        &[("instanceType", "m7g.large"), ("regionCode", "us-east-1")],
        501,
    );
    check(
        &[("instanceType", "t3.medium"), ("regionCode", "eu-west-1")],
        501,
    );
    check(
        &[("instanceType", "t3.medium"), ("location", "EU (Ireland)")],
        501,
    );
    check(&[("instanceType", "r8gd.metal-24xl")], 501);
    check(
        &[("instanceType", "t3.hugee"), ("regionCode", "us-east-1")],
        200,
    );
    check(
        &[("instanceType", "t3.medium"), ("regionCode", "mars-east-1")],
        200,
    );
    check(
        &[("instanceType", "t3.medium"), ("tenancy", "Nowhere")],
        200,
    );
}

#[test]
fn a_control_plane_is_found_by_tier_and_operation() {
    let filters = [
        ("regionCode", "us-east-1"),
        ("tiertype", "HAStandard"),
        ("operation", "CreateOperation"),
    ];
    let product = check("AmazonEKS", &filters, "0.1");
    assert_eq!(
        product["attributes"]["usagetype"],
        "USE1-AmazonEKS-Hours:perCluster"
    );
}

#[test]
fn a_disk_is_found_by_its_api_name() {
    let filters = [
        ("regionCode", "us-east-1"),
        ("productFamily", "Storage"),
        ("volumeApiName", "gp3"),
    ];
    check("AmazonEC2", &filters, "0.08");
}

#[test]
fn only_the_usage_type_distinguishes_nat_hours_from_nat_bytes() {
    let filters = [
        ("regionCode", "us-east-1"),
        ("productFamily", "NAT Gateway"),
    ];
    assert_eq!(products(1000, "AmazonEC2", &filters).len(), 2);
    let exact = [filters[0], filters[1], ("usagetype", "NatGateway-Hours")];
    check("AmazonEC2", &exact, "0.045");
}

#[test]
fn a_public_address_is_a_product_of_vpc_without_a_family() {
    let filters = [
        ("regionCode", "us-east-1"),
        ("group", "VPCPublicIPv4Address"),
    ];
    let found = products(1000, "AmazonVPC", &filters);
    assert_eq!(found.len(), 2, "in use and idle");
    assert!(
        found
            .iter()
            .all(|(_, product)| product["productFamily"].is_null())
    );
    let exact = [
        filters[0],
        filters[1],
        ("usagetype", "USE1-PublicIPv4:InUseAddress"),
    ];
    check("AmazonVPC", &exact, "0.005");
    assert!(products(1000, "AmazonEC2", &[("productFamily", "IP Address")]).is_empty());
}

#[test]
fn pages_hold_the_same_products_as_the_whole() {
    let filters = [("regionCode", "us-east-1")];
    assert_eq!(
        products(3, "AmazonEC2", &filters),
        products(1000, "AmazonEC2", &filters)
    );
}

#[test]
fn an_unknown_service_is_not_found() {
    let mut cloud = account(setup());
    let body = json!({ "ServiceCode": "AmazonTea" });
    assert_eq!(
        json_error(&mut cloud, "pricing", "GetProducts", &body),
        "NotFoundException"
    );
    let services = json_ok(&mut cloud, "pricing", "DescribeServices", &json!({}));
    assert_eq!(services["Services"].as_array().map(Vec::len), Some(4));
}

#[test]
fn every_item_has_a_price() {
    for item in [
        Item::ControlPlane,
        Item::NatGateway,
        Item::AddressInUse,
        Item::AddressIdle,
        Item::Gp3,
        Item::ClassicLoadBalancer,
        Item::ApplicationLoadBalancer,
        Item::NetworkLoadBalancer,
        Item::CostExplorerRequest,
    ] {
        for region in ["us-east-1", "eu-west-2", "ap-south-1"] {
            assert!(
                prices::of(region, item).is_some_and(|usd| usd > Decimal::ZERO),
                "{item:?}"
            );
        }
    }
}

#[test]
fn every_row_of_the_table_is_read() {
    let rows = include_str!("../../../prices.csv")
        .lines()
        .skip(1)
        .filter(|line| !line.is_empty());
    assert_eq!(prices::table().len(), rows.count());
}

#[test]
fn rates_measured_in_london_are_used_there() {
    assert_eq!(
        prices::of("eu-west-2", Item::NatGateway),
        Some(decimal("0.05"))
    );
    assert_eq!(prices::of("eu-west-2", Item::Gp3), Some(decimal("0.0928")));
    assert_eq!(
        prices::of_instance("eu-west-2", "t3.small"),
        Some(decimal("0.0236"))
    );
    assert_eq!(
        prices::of_instance("us-east-1", "t3.small"),
        Some(decimal("0.0208"))
    );
}

#[test]
fn an_instance_type_without_a_price_is_not_counted_and_said_to_be_unpriced() {
    let mut cloud = account(setup());
    let none = std::collections::BTreeMap::new();
    usage::instance(cloud.state(), "i-1", "r5.large", &none, Some("r1"));
    assert!(cloud.state().meter.periods().is_empty());
    let expected = "BoxUsage:r5.large in us-east-1: no price is known, it is not counted";
    assert_eq!(cloud.unpriced(), [expected]);
}

#[test]
fn what_is_counted_at_the_price_of_another_region_is_said_to_be_unpriced() {
    let check = |region: &str, expected: &[&str]| {
        let mut setup = setup();
        region.clone_into(&mut setup.region);
        setup.bystanders = false;
        let mut cloud = account(setup);
        let none = std::collections::BTreeMap::new();
        usage::nat_gateway(cloud.state(), "nat-1", &none, Some("r1"));
        assert_eq!(cloud.unpriced(), expected, "{region}");
        assert_eq!(cloud.state().meter.periods().len(), 1, "{region}");
    };
    check("us-east-1", &[]);
    // Measured in that region, which has its own price.
    check("eu-west-2", &[]);
    let stands_in = "EUC1-NatGateway-Hours: no price is known in eu-central-1, it is counted at that of \
                     us-east-1";
    check("eu-central-1", &[stands_in]);
}
