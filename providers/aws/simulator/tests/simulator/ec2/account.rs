//! An account under test: requests as real clients send them, and a typical network in it.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, Setup};
use kubeproof_aws_simulator::state::State;
use kubeproof_contract::fault_layer::ASYNC_FAULT_HEADER;
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::cloud::{Cloud, Reply};

/// Longer than the longest read lag.
const SETTLE: Duration = Duration::from_secs(4);

/// A simulated account and its clock.
pub struct Account {
    cloud: AwsCloud,
    now: Timestamp,
}

impl Account {
    /// An account without bystanders, some time after its start.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with another setup.
    pub fn with(edit: impl FnOnce(&mut Setup)) -> Self {
        let start: Timestamp = "2026-11-02T09:00:00Z".parse().expect("a date");
        let mut setup = Setup::new(7, "us-east-1", start);
        setup.bystanders = false;
        edit(&mut setup);
        let mut account = Self {
            cloud: AwsCloud::new(setup),
            now: start,
        };
        account.pass(60);
        account
    }

    /// Advances the clock by seconds.
    pub fn pass(&mut self, seconds: u64) {
        self.wait(Duration::from_secs(seconds));
    }

    fn wait(&mut self, time: Duration) {
        self.now += SignedDuration::try_from(time).expect("a short time");
        self.cloud.advance(self.now);
    }

    pub fn state(&mut self) -> &mut State {
        self.cloud.state()
    }

    pub fn inventory(&self) -> Vec<Resource> {
        self.cloud.inventory()
    }

    /// The inventory, without states and times.
    pub fn keys(&self) -> Vec<kubeproof_contract::resource::ResourceKey> {
        self.inventory().iter().map(Resource::key).collect()
    }

    /// Sends one request at the current time.
    pub fn send(&mut self, action: &str, params: &[(&str, &str)], fault: &str) -> (u16, String) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action)
            .append_pair("Version", "2016-11-15");
        form.extend_pairs(params);
        let scope = format!("{ACCESS_KEY_ID}/20261102/us-east-1/ec2/aws4_request");
        let authorization =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let mut request = Request::post("https://ec2.us-east-1.amazonaws.com/")
            .header("authorization", authorization);
        if !fault.is_empty() {
            request = request.header(ASYNC_FAULT_HEADER, fault);
        }
        let request = request.body(Bytes::from(form.finish())).expect("a request");
        match self.cloud.answer(&request) {
            Reply::Now(response) => {
                let text = String::from_utf8(response.body().to_vec()).expect("text");
                (response.status().as_u16(), text)
            }
            Reply::AskAgain(_) | Reply::Part { .. } => panic!("EC2 has no watches"),
        }
    }

    /// A request that succeeds; then enough time passes for reads to see its effect.
    pub fn ok(&mut self, action: &str, params: &[(&str, &str)]) -> Xml {
        let (status, text) = self.send(action, params, "");
        assert_eq!(status, 200, "{action} {params:?}: {text}");
        self.wait(SETTLE);
        Xml(text)
    }

    /// A request with a fault in its asynchronous operation.
    pub fn faulty(&mut self, action: &str, params: &[(&str, &str)], fault: &str) -> Xml {
        let (status, text) = self.send(action, params, fault);
        assert_eq!(status, 200, "{action} {params:?}: {text}");
        self.wait(SETTLE);
        Xml(text)
    }

    /// A request that is refused with this code.
    pub fn refused(&mut self, action: &str, params: &[(&str, &str)], code: &str) -> String {
        let (status, text) = self.send(action, params, "");
        assert!(status >= 400, "{action} {params:?} was not refused: {text}");
        let xml = Xml(text);
        assert_eq!(xml.first("Code"), code, "{action} {params:?}: {}", xml.0);
        xml.first("Message")
    }
}

/// A response.
pub struct Xml(pub String);

impl Xml {
    /// The texts of all elements with this name that hold only text.
    pub fn all(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        let parts = self.0.split(&open).skip(1);
        parts
            .filter_map(|part| part.split(&close).next())
            .map(str::to_owned)
            .collect()
    }

    /// The first of them; empty when there is none.
    pub fn first(&self, name: &str) -> String {
        self.all(name).into_iter().next().unwrap_or_default()
    }
}

/// A VPC with a public and a private subnet, both with internet access.
#[derive(Debug)]
pub struct Network {
    pub vpc: String,
    pub public: String,
    pub private: String,
    pub gateway: String,
    pub address: String,
    pub nat: String,
    pub public_table: String,
    pub private_table: String,
    pub associations: Vec<String>,
    pub nodes: String,
    pub control: String,
}

const RUN: (&str, &str) = ("TagSpecification.1.Tag.1.Value", "r1");
const RUN_KEY: (&str, &str) = ("TagSpecification.1.Tag.1.Key", "kubeproof:run");

/// The parameters with the run's tag for a resource type.
pub fn tagged<'a>(
    resource_type: &'a str,
    params: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut all = params.to_vec();
    all.extend([
        ("TagSpecification.1.ResourceType", resource_type),
        RUN_KEY,
        RUN,
    ]);
    all
}

pub fn vpc(account: &mut Account) -> String {
    account
        .ok("CreateVpc", &tagged("vpc", &[("CidrBlock", "10.0.0.0/16")]))
        .first("vpcId")
}

pub fn subnet(account: &mut Account, vpc: &str, cidr: &str) -> String {
    let params = tagged("subnet", &[("VpcId", vpc), ("CidrBlock", cidr)]);
    account.ok("CreateSubnet", &params).first("subnetId")
}

pub fn gateway(account: &mut Account, vpc: &str) -> String {
    let id = account
        .ok("CreateInternetGateway", &tagged("internet-gateway", &[]))
        .first("internetGatewayId");
    account.ok(
        "AttachInternetGateway",
        &[("InternetGatewayId", &id), ("VpcId", vpc)],
    );
    id
}

pub fn address(account: &mut Account) -> String {
    let params = tagged("elastic-ip", &[("Domain", "vpc")]);
    account.ok("AllocateAddress", &params).first("allocationId")
}

pub fn nat(account: &mut Account, subnet: &str, address: &str, token: &str) -> String {
    let params = [
        ("SubnetId", subnet),
        ("AllocationId", address),
        ("ClientToken", token),
    ];
    account
        .ok("CreateNatGateway", &tagged("natgateway", &params))
        .first("natGatewayId")
}

pub fn group(account: &mut Account, vpc: &str, name: &str) -> String {
    let params = [
        ("VpcId", vpc),
        ("GroupName", name),
        ("GroupDescription", "for a test"),
    ];
    account
        .ok("CreateSecurityGroup", &tagged("security-group", &params))
        .first("groupId")
}

impl Network {
    /// Builds it in the order of AWS's own documentation, and waits for the NAT gateway.
    pub fn build(account: &mut Account) -> Self {
        let vpc = vpc(account);
        let public = subnet(account, &vpc, "10.0.1.0/24");
        let private = subnet(account, &vpc, "10.0.101.0/24");
        account.ok(
            "ModifySubnetAttribute",
            &[("SubnetId", &public), ("MapPublicIpOnLaunch.Value", "true")],
        );
        let gateway = gateway(account, &vpc);
        let address = address(account);
        let nat = nat(account, &public, &address, "token-of-build");
        account.pass(200);
        let mut associations = Vec::new();
        let mut table = |subnet: &str, target: (&str, &str)| {
            let table = account
                .ok(
                    "CreateRouteTable",
                    &tagged("route-table", &[("VpcId", &vpc)]),
                )
                .first("routeTableId");
            let route = [
                ("RouteTableId", table.as_str()),
                ("DestinationCidrBlock", "0.0.0.0/0"),
                target,
            ];
            account.ok("CreateRoute", &route);
            let association = account
                .ok(
                    "AssociateRouteTable",
                    &[("RouteTableId", &table), ("SubnetId", subnet)],
                )
                .first("associationId");
            associations.push(association);
            table
        };
        let public_table = table(&public, ("GatewayId", &gateway));
        let private_table = table(&private, ("NatGatewayId", &nat));
        let (nodes, control) = (
            group(account, &vpc, "nodes"),
            group(account, &vpc, "control"),
        );
        account.ok(
            "AuthorizeSecurityGroupIngress",
            &from_group(&control, &nodes),
        );
        Self {
            vpc,
            public,
            private,
            gateway,
            address,
            nat,
            public_table,
            private_table,
            associations,
            nodes,
            control,
        }
    }

    /// Takes it down in the order that AWS accepts.
    pub fn tear_down(&self, account: &mut Account) {
        account.ok("DeleteNatGateway", &[("NatGatewayId", &self.nat)]);
        account.pass(130);
        account.ok("ReleaseAddress", &[("AllocationId", &self.address)]);
        for association in &self.associations {
            account.ok("DisassociateRouteTable", &[("AssociationId", association)]);
        }
        for table in [&self.public_table, &self.private_table] {
            account.ok("DeleteRouteTable", &[("RouteTableId", table)]);
        }
        account.ok(
            "RevokeSecurityGroupIngress",
            &from_group(&self.control, &self.nodes),
        );
        for group in [&self.nodes, &self.control] {
            account.ok("DeleteSecurityGroup", &[("GroupId", group)]);
        }
        let gateway = [("InternetGatewayId", self.gateway.as_str())];
        account.ok("DetachInternetGateway", &[gateway[0], ("VpcId", &self.vpc)]);
        account.ok("DeleteInternetGateway", &gateway);
        for subnet in [&self.public, &self.private] {
            account.ok("DeleteSubnet", &[("SubnetId", subnet)]);
        }
        account.ok("DeleteVpc", &[("VpcId", &self.vpc)]);
    }
}

/// The rule that allows members of `source` to reach port 443 of members of `group`.
pub fn from_group<'a>(group: &'a str, source: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("GroupId", group),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "443"),
        ("IpPermissions.1.ToPort", "443"),
        ("IpPermissions.1.Groups.1.GroupId", source),
    ]
}
