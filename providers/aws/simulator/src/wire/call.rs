//! A request, parsed as far as every service needs it: service, action, region and parameters.
//!
//! Requests are routed by the `SigV4` credential scope, as every real client sends it.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Request};
use kubeproof_simkit::injected::InjectedFault;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::sts;
use crate::wire::error::AwsError;
use crate::wire::params::Params;

/// The wire protocol of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// EC2's variant of the query protocol.
    Ec2,
    /// The query protocol with `…Result` and `member`, and the XML namespace.
    Query(&'static str),
    /// JSON 1.1 with `X-Amz-Target`.
    Json,
    /// JSON 1.0 with `X-Amz-Target`, whose errors also have the codes of an older query protocol.
    Json10,
    /// REST with JSON bodies.
    Rest,
    /// REST with XML bodies: of services that are not simulated.
    RestXml,
}

/// The services that speak REST with XML bodies (botocore's service models).
const REST_XML: [&str; 4] = ["cloudfront", "route53", "s3", "s3express"];

/// The simulated services of the query protocol.
const QUERY: [&str; 4] = ["autoscaling", "elasticloadbalancing", "iam", "sts"];

/// One request to the simulated AWS.
#[derive(Clone, Debug)]
pub struct Call {
    /// The signing name of the service: `ec2`, `iam`, `eks`, `elasticloadbalancing`, …
    pub service: String,
    /// The region of the credential scope.
    pub region: String,
    /// The access key id that signed the request.
    pub access_key: String,
    /// The operation: `CreateVpc`, `GetCostAndUsage`; for REST, `METHOD /path` is matched instead.
    pub action: String,
    /// The API version of a query request, else empty.
    pub version: String,
    pub protocol: Protocol,
    /// Query-protocol parameters, or the URL's query for REST.
    pub params: Params,
    /// JSON body; `Null` when there is none.
    pub json: Value,
    /// HTTP method.
    pub method: Method,
    /// Decoded path segments: `clusters`, `c1`, `node-groups`.
    pub path: Vec<String>,
    /// The injected fault that the operation must carry out, if any.
    pub injected: InjectedFault,
}

impl Call {
    /// The call that a token stands for instead of a signature.
    fn unsigned(request: &Request<Bytes>) -> Option<Self> {
        let params = form(request);
        let action = params.get("Action").filter(|name| *name == sts::UNSIGNED)?;
        Some(Self {
            service: "sts".to_owned(),
            region: String::new(),
            access_key: String::new(),
            action: action.to_owned(),
            version: params.get("Version").unwrap_or_default().to_owned(),
            protocol: Protocol::Query(namespace("sts", request)),
            json: Value::Null,
            method: request.method().clone(),
            path: Vec::new(),
            injected: InjectedFault::of(request).ok()?,
            params,
        })
    }

    /// Whether it needs no signature.
    pub fn is_unsigned(&self) -> bool {
        self.service == "sts" && self.action == sts::UNSIGNED
    }

    /// Reads a request.
    ///
    /// # Errors
    /// 403 `MissingAuthenticationToken` when it is not signed; 400 when its body cannot be read.
    pub fn read(request: &Request<Bytes>) -> Result<Self, AwsError> {
        let query = request.uri().query().unwrap_or_default();
        if Scope::of(request).is_none()
            && let Some(call) = Self::unsigned(request)
        {
            return Ok(call);
        }
        let scope = Scope::of(request).ok_or_else(|| {
            AwsError::new(
                403,
                "MissingAuthenticationToken",
                "Request is missing Authentication Token",
            )
        })?;
        let target = header(request, "x-amz-target");
        let (protocol, params, json) = match scope.service.as_str() {
            "ec2" => (Protocol::Ec2, form(request), Value::Null),
            "eks" => (
                Protocol::Rest,
                Params::read(query.as_bytes()),
                body(request)?,
            ),
            "sqs" if target.is_some() => (Protocol::Json10, Params::default(), body(request)?),
            _ if target.is_some() => (Protocol::Json, Params::default(), body(request)?),
            service if REST_XML.contains(&service) => {
                (Protocol::RestXml, Params::default(), Value::Null)
            }
            // What names no action is no query: such a service, which is not simulated, speaks REST with JSON bodies.
            service if !QUERY.contains(&service) && form(request).get("Action").is_none() => {
                (Protocol::Rest, Params::default(), Value::Null)
            }
            service => (
                Protocol::Query(namespace(service, request)),
                form(request),
                Value::Null,
            ),
        };
        let action = match (&target, protocol) {
            (Some(target), Protocol::Json | Protocol::Json10) => {
                target.rsplit('.').next().unwrap_or(target).to_owned()
            }
            (_, Protocol::Rest) if scope.service == "eks" => {
                crate::eks::operation(request.method(), request.uri().path())
            }
            (_, Protocol::Rest | Protocol::RestXml) => {
                format!("{} {}", request.method(), request.uri().path())
            }
            _ => params.get("Action").unwrap_or_default().to_owned(),
        };
        Ok(Self {
            service: scope.service,
            region: scope.region,
            access_key: scope.access_key,
            action,
            version: params.get("Version").unwrap_or_default().to_owned(),
            protocol,
            params,
            json,
            method: request.method().clone(),
            path: segments(request.uri().path()),
            injected: InjectedFault::of(request)
                .map_err(|fault| AwsError::unknown_fault(&fault))?,
        })
    }
}

/// The `SigV4` credential scope of a request.
struct Scope {
    access_key: String,
    region: String,
    service: String,
}

impl Scope {
    fn of(request: &Request<Bytes>) -> Option<Self> {
        let authorization = header(request, "authorization").unwrap_or_default();
        let credential = match authorization.split("Credential=").nth(1) {
            Some(rest) => rest.split([',', ' ']).next()?.to_owned(),
            None => Params::read(request.uri().query()?.as_bytes())
                .get("X-Amz-Credential")?
                .to_owned(),
        };
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, _date, region, service, _] = parts[..] else {
            return None;
        };
        Some(Self {
            access_key: access_key.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

fn header(request: &Request<Bytes>, name: &str) -> Option<String> {
    Some(request.headers().get(name)?.to_str().ok()?.to_owned())
}

fn form(request: &Request<Bytes>) -> Params {
    if request.body().is_empty() {
        Params::read(request.uri().query().unwrap_or_default().as_bytes())
    } else {
        Params::read(request.body())
    }
}

fn body(request: &Request<Bytes>) -> Result<Value, AwsError> {
    if request.body().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(request.body())
        .map_err(|error| AwsError::new(400, "SerializationException", error.to_string()))
}

fn segments(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

fn namespace(service: &str, request: &Request<Bytes>) -> &'static str {
    let versions: BTreeMap<&str, &'static str> = BTreeMap::from([
        ("iam", "https://iam.amazonaws.com/doc/2010-05-08/"),
        ("sts", "https://sts.amazonaws.com/doc/2011-06-15/"),
        (
            "autoscaling",
            "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        ),
    ]);
    match versions.get(service) {
        Some(namespace) => namespace,
        None if form(request).get("Version") == Some("2012-06-01") => {
            "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/"
        }
        None => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    }
}
