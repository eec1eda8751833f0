//! A simulated account with a clock of its own, and the requests that tests make.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{SignedDuration, Timestamp};
use kubeproof_aws_simulator::cloud::AwsCloud;
use kubeproof_aws_simulator::durations::Durations;
use kubeproof_aws_simulator::setup::{ACCESS_KEY_ID, Setup};
use kubeproof_contract::fault_layer::{ASYNC_FAULT_HEADER, Acknowledged};
use kubeproof_contract::resource::Resource;
use kubeproof_simkit::cloud::{Cloud, Reply};
use serde_json::{Value, json};

pub const REGION: &str = "us-east-1";
pub const CLUSTER_POLICY: &str = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
pub const NODE_POLICIES: [&str; 3] = [
    "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
];

/// Status, headers' error type and body of an answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether the injected fault was carried out.
    pub acknowledged: bool,
    pub status: u16,
    pub error_type: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// The text of the first element of this name.
    pub fn text(&self, name: &str) -> String {
        self.texts(name).into_iter().next().unwrap_or_default()
    }

    /// The texts of all elements of this name.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let (open, close) = (format!("<{name}>"), format!("</{name}>"));
        self.body
            .split(&open)
            .skip(1)
            .filter_map(|rest| rest.split(&close).next())
            .map(str::to_owned)
            .collect()
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.body);
        self
    }

    /// Asserts an error of the query protocols or of EKS.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str, message: &str) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        let found = if self.error_type.is_empty() {
            self.text("Code")
        } else {
            self.error_type.clone()
        };
        assert_eq!(found, code, "{}", self.body);
        assert!(
            self.body.contains(message),
            "{} has no {message:?}",
            self.body
        );
        self
    }
}

pub struct Bench {
    pub cloud: AwsCloud,
    pub now: Timestamp,
    pub durations: Durations,
    /// The value of the header that injects an asynchronous fault into the next request.
    pub fault: Option<String>,
}

/// Subnets of a network.
pub struct Network {
    pub vpc: String,
    pub public: Vec<String>,
    pub private: Vec<String>,
}

impl Network {
    pub fn all(&self) -> Vec<String> {
        [self.public.clone(), self.private.clone()].concat()
    }
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_setup| {})
    }

    pub fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let start: Timestamp = "2026-11-23T10:00:00Z".parse().expect("a date");
        let mut setup = Setup::new(7, REGION, start);
        setup.bystanders = false;
        change(&mut setup);
        let durations = Durations::seeded(setup.seed);
        let mut bench = Self {
            cloud: AwsCloud::new(setup),
            now: start,
            durations,
            fault: None,
        };
        bench.wait(Duration::from_secs(1));
        bench
    }

    pub fn wait(&mut self, time: Duration) {
        self.now += SignedDuration::try_from(time).expect("a time");
        self.cloud.advance(self.now);
    }

    pub fn send(&mut self, mut request: Request<Bytes>) -> Answer {
        if let Some(fault) = self.fault.take() {
            let value = fault.parse().expect("a header value");
            request.headers_mut().insert(ASYNC_FAULT_HEADER, value);
        }
        self.cloud.advance(self.now);
        match self.cloud.answer(&request) {
            Reply::Now(response) => Answer {
                acknowledged: response.extensions().get::<Acknowledged>().is_some(),
                status: response.status().as_u16(),
                error_type: response
                    .headers()
                    .get("x-amzn-errortype")
                    .map(|value| value.to_str().expect("text").to_owned())
                    .unwrap_or_default(),
                body: String::from_utf8_lossy(response.body()).into_owned(),
            },
            Reply::AskAgain(_) | Reply::Part { .. } => panic!("nothing here holds a request"),
        }
    }

    /// A request of a query protocol: `Action`, `Version` and more.
    pub fn query(&mut self, service: &str, parameters: &[(&str, &str)]) -> Answer {
        let form: String = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters.iter().copied())
            .finish();
        let request = signed("POST", service, "/")
            .body(Bytes::from(form))
            .expect("a request");
        self.send(request)
    }

    pub fn ec2(&mut self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let head = [("Action", action), ("Version", "2016-11-15")];
        self.query("ec2", &[&head, parameters].concat())
    }

    pub fn iam(&mut self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let head = [("Action", action), ("Version", "2010-05-08")];
        self.query("iam", &[&head, parameters].concat())
    }

    pub fn scaling(&mut self, action: &str, parameters: &[(&str, &str)]) -> Answer {
        let head = [("Action", action), ("Version", "2011-01-01")];
        self.query("autoscaling", &[&head, parameters].concat())
    }

    pub fn eks(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = signed(method, "eks", path)
            .body(Bytes::from(body))
            .expect("a request");
        self.send(request)
    }

    pub fn get(&mut self, path: &str) -> Answer {
        self.eks("GET", path, &Value::Null)
    }

    pub fn delete(&mut self, path: &str) -> Answer {
        self.eks("DELETE", path, &Value::Null)
    }

    /// The existing resources of a type.
    pub fn exists(&self, resource_type: &str) -> Vec<Resource> {
        let all = self.cloud.inventory();
        all.into_iter()
            .filter(|one| one.resource_type == resource_type)
            .collect()
    }

    /// A VPC with a public and a private subnet in two zones; optionally the private ones have internet access.
    pub fn network(&mut self, with_nat: bool) -> Network {
        let vpc = self
            .ec2("CreateVpc", &[("CidrBlock", "10.0.0.0/16")])
            .ok()
            .text("vpcId");
        let names = [
            ("VpcId", vpc.as_str()),
            ("EnableDnsHostnames.Value", "true"),
        ];
        self.ec2("ModifyVpcAttribute", &names).ok();
        let gateway = self
            .ec2("CreateInternetGateway", &[])
            .ok()
            .text("internetGatewayId");
        self.ec2(
            "AttachInternetGateway",
            &[("InternetGatewayId", &gateway), ("VpcId", &vpc)],
        )
        .ok();
        let public = self.subnets(&vpc, 0);
        let private = self.subnets(&vpc, 100);
        for subnet in &public {
            let on = [
                ("SubnetId", subnet.as_str()),
                ("MapPublicIpOnLaunch.Value", "true"),
            ];
            self.ec2("ModifySubnetAttribute", &on).ok();
        }
        self.route(&vpc, &public, ("GatewayId", &gateway));
        if with_nat {
            let address = self
                .ec2("AllocateAddress", &[("Domain", "vpc")])
                .ok()
                .text("allocationId");
            let nat = [
                ("SubnetId", public[0].as_str()),
                ("AllocationId", address.as_str()),
            ];
            let nat = self.ec2("CreateNatGateway", &nat).ok().text("natGatewayId");
            self.wait(self.durations.nat_create);
            self.route(&vpc, &private, ("NatGatewayId", &nat));
        }
        Network {
            vpc,
            public,
            private,
        }
    }

    fn subnets(&mut self, vpc: &str, from: u8) -> Vec<String> {
        (0..2_u8)
            .map(|n| {
                let cidr = format!("10.0.{}.0/24", from + n);
                let zone = format!("{REGION}{}", ["a", "b"][usize::from(n)]);
                let asked = [
                    ("VpcId", vpc),
                    ("CidrBlock", &cidr),
                    ("AvailabilityZone", zone.as_str()),
                ];
                self.ec2("CreateSubnet", &asked).ok().text("subnetId")
            })
            .collect()
    }

    fn route(&mut self, vpc: &str, subnets: &[String], (target, id): (&str, &str)) {
        let table = self
            .ec2("CreateRouteTable", &[("VpcId", vpc)])
            .ok()
            .text("routeTableId");
        let everywhere = ("DestinationCidrBlock", "0.0.0.0/0");
        self.ec2(
            "CreateRoute",
            &[("RouteTableId", &table), everywhere, (target, id)],
        )
        .ok();
        for subnet in subnets {
            let both = [
                ("RouteTableId", table.as_str()),
                ("SubnetId", subnet.as_str()),
            ];
            self.ec2("AssociateRouteTable", &both).ok();
        }
    }

    /// A role that a service may assume, with policies; its ARN.
    pub fn role(&mut self, name: &str, service: &str, policies: &[&str]) -> String {
        let trust = trust(service);
        let asked = [
            ("RoleName", name),
            ("AssumeRolePolicyDocument", trust.as_str()),
        ];
        let arn = self.iam("CreateRole", &asked).ok().text("Arn");
        for policy in policies {
            self.iam(
                "AttachRolePolicy",
                &[("RoleName", name), ("PolicyArn", policy)],
            )
            .ok();
        }
        arn
    }

    /// The body of `CreateCluster`, with both roles made and propagated.
    pub fn cluster_body(&mut self, network: &Network) -> Value {
        let role = self.role("cluster", "eks.amazonaws.com", &[CLUSTER_POLICY]);
        self.role("node", "ec2.amazonaws.com", &NODE_POLICIES);
        self.wait(self.durations.iam_propagation);
        json!({
            "name": "c1",
            "roleArn": role,
            "version": "1.34",
            "resourcesVpcConfig": {"subnetIds": network.all()},
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
            "tags": {"kubeproof:run": "r1"},
        })
    }

    /// An ACTIVE cluster `c1`.
    pub fn active_cluster(&mut self, network: &Network) {
        let body = self.cluster_body(network);
        self.eks("POST", "/clusters", &body).ok();
        self.wait(self.durations.cluster_create);
        assert_eq!(self.cluster_status(), "ACTIVE");
    }

    pub fn cluster_status(&mut self) -> String {
        text(&self.get("/clusters/c1").ok().json()["cluster"]["status"])
    }

    pub fn group_status(&mut self) -> String {
        text(&self.group()["status"])
    }

    pub fn group(&mut self) -> Value {
        self.get("/clusters/c1/node-groups/n1").ok().json()["nodegroup"].clone()
    }

    pub fn create_group(&mut self, body: &Value) -> Answer {
        self.eks("POST", "/clusters/c1/node-groups", body)
    }
}

/// A trust policy for one service.
pub fn trust(service: &str) -> String {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
        }],
    })
    .to_string()
}

/// The body of `CreateNodegroup` for two nodes.
pub fn group_body(subnets: &[String]) -> Value {
    json!({
        "nodegroupName": "n1",
        "nodeRole": "arn:aws:iam::123456789012:role/node",
        "subnets": subnets,
        "scalingConfig": {"minSize": 1, "maxSize": 4, "desiredSize": 2},
        "instanceTypes": ["t3.medium"],
        "diskSize": 20,
    })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A request with the credential scope of a service.
pub fn signed(method: &str, service: &str, path: &str) -> http::request::Builder {
    let scope = format!("{ACCESS_KEY_ID}/20261123/{REGION}/{service}/aws4_request");
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
    Request::builder()
        .method(method)
        .uri(format!("https://{service}.{REGION}.amazonaws.com{path}"))
        .header("authorization", authorization)
}
