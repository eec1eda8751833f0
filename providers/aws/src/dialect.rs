//! The AWS dialect: the names of requests, and the bodies of AWS's errors.
//!
//! It is all that journal and faults need to know of AWS. Names come from what every client sends: the credential
//! scope of the signature, and then action, target or path. Unsigned requests go to a cluster's API server.

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature, Targets};
use kubeproof_contract::fault::Effect;

use crate::calls;

mod codes;
mod error_bodies;
mod operation;
mod pages;
mod targets;

pub(crate) use operation::only_reads;

#[derive(Clone, Copy, Debug, Default)]
pub struct AwsDialect;

impl AwsDialect {
    /// A refusal of our own, worded as the call's service words its errors.
    pub(crate) fn refusal(request: &Request<Bytes>, code: &str, message: &str) -> Response<Bytes> {
        let service = operation::service(request).unwrap_or_default();
        let answer = error_bodies::Answer::new(403, code, message);
        error_bodies::response(error_bodies::Protocol::of(&service), &answer)
    }
}

impl Dialect for AwsDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(service) = operation::service(request) {
            let operation = operation::name(&service, request);
            let mutating = operation::is_mutating(&service, &operation, request);
            return Signature {
                service,
                operation,
                mutating,
            };
        }
        kubeproof_kubernetes::dialect::signature(request).unwrap_or_else(|| Signature {
            service: "unknown".to_owned(),
            operation: format!("{} {}", request.method(), request.uri().path()),
            mutating: true,
        })
    }

    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes> {
        let Some(service) = operation::service(request) else {
            return kubeproof_kubernetes::dialect::error(request, kind);
        };
        let operation = operation::name(&service, request);
        let protocol = error_bodies::Protocol::of(&service);
        let answer = codes::answer(&service, &operation, protocol, kind);
        error_bodies::response(protocol, &answer)
    }

    fn shows_later(&self, call: &Signature, effect: &Effect) -> bool {
        effect.is_delayed() || (*effect == Effect::Capacity && calls::lacks_capacity_later(call))
    }

    fn with_further_page(
        &self,
        request: &Request<Bytes>,
        response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        let service = operation::service(request)?;
        pages::with_further(&service, &operation::name(&service, request), response)
    }

    fn targets(&self, request: &Request<Bytes>, response: Option<&Response<Bytes>>) -> Targets {
        let Some(service) = operation::service(request) else {
            return Targets::default();
        };
        let operation = operation::name(&service, request);
        targets::of(&service, &operation, request, response)
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        error_bodies::error_code(response)
            .or_else(|| kubeproof_kubernetes::dialect::error_code(response))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPE: &str = "AWS4-HMAC-SHA256 Credential=AK/20261123/us-east-1";

    fn request(service: &str, line: &str, target: Option<&str>, body: &str) -> Request<Bytes> {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://example.amazonaws.com{path}"))
            .header(
                "authorization",
                format!("{SCOPE}/{service}/aws4_request, SignedHeaders=host"),
            );
        if let Some(target) = target {
            request = request.header("x-amz-target", target);
        }
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    fn query(service: &str, action: &str) -> Request<Bytes> {
        request(
            service,
            "POST /",
            None,
            &format!("Action={action}&Version=2016-11-15"),
        )
    }

    #[test]
    fn only_a_node_group_shows_lack_of_capacity_later() {
        let check = |service: &str, operation: &str, expected: bool| {
            let call = Signature {
                service: service.to_owned(),
                operation: operation.to_owned(),
                mutating: true,
            };
            assert_eq!(
                AwsDialect.shows_later(&call, &Effect::Capacity),
                expected,
                "{call}"
            );
            assert!(AwsDialect.shows_later(&call, &Effect::AsyncStuck));
            assert!(!AwsDialect.shows_later(&call, &Effect::Quota));
        };
        check("eks", "CreateNodegroup", true);
        check("eks", "CreateCluster", false);
        check("ec2", "RunInstances", false);
    }

    #[test]
    fn requests_are_named_as_aws_names_them() {
        let check = |request: Request<Bytes>, expected: &str, mutating: bool| {
            let signature = AwsDialect.signature(&request);
            assert_eq!(
                (signature.to_string().as_str(), signature.mutating),
                (expected, mutating)
            );
        };
        check(query("ec2", "CreateVpc"), "ec2:CreateVpc", true);
        check(query("ec2", "DescribeVpcs"), "ec2:DescribeVpcs", false);
        check(query("iam", "GetRole"), "iam:GetRole", false);
        let balancing = query("elasticloadbalancing", "DeleteLoadBalancer");
        check(balancing, "elasticloadbalancing:DeleteLoadBalancer", true);
        let target = Some("AWSInsightsIndexService.GetCostAndUsage");
        check(
            request("ce", "POST /", target, "{}"),
            "ce:GetCostAndUsage",
            false,
        );
        let target = Some("Logs_20140328.DeleteLogGroup");
        check(
            request("logs", "POST /", target, "{}"),
            "logs:DeleteLogGroup",
            true,
        );
        let eks = |line: &str| request("eks", line, None, "");
        check(eks("POST /clusters"), "eks:CreateCluster", true);
        check(eks("GET /clusters/kp-r1"), "eks:DescribeCluster", false);
        check(
            eks("POST /clusters/kp-r1/node-groups"),
            "eks:CreateNodegroup",
            true,
        );
        check(
            eks("DELETE /clusters/kp-r1/node-groups/main"),
            "eks:DeleteNodegroup",
            true,
        );
        let entry = "DELETE /clusters/c/access-entries/arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fx";
        check(eks(entry), "eks:DeleteAccessEntry", true);
        check(eks("PATCH /new/thing"), "eks:PATCH /new/thing", true);
    }

    #[test]
    fn a_presigned_request_is_named_by_its_query() {
        let uri = "https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity\
                   &X-Amz-Credential=AK%2F20261123%2Fus-east-1%2Fsts%2Faws4_request";
        let request = Request::builder().uri(uri).body(Bytes::new()).unwrap();
        assert_eq!(
            AwsDialect.signature(&request).to_string(),
            "sts:GetCallerIdentity"
        );
    }

    #[test]
    fn a_request_without_a_known_name_counts_as_mutating() {
        let request = Request::builder()
            .uri("https://example.com/x")
            .body(Bytes::new())
            .unwrap();
        let signature = AwsDialect.signature(&request);
        assert_eq!(signature.to_string(), "unknown:GET /x");
        assert!(signature.mutating);
    }

    #[test]
    fn a_queue_is_named_by_the_end_of_its_url() {
        let body = "{\"QueueUrl\":\"https://sqs.us-east-1.amazonaws.com/1/q\"}";
        let request = request("sqs", "POST /", Some("AmazonSQS.DeleteQueue"), body);
        assert_eq!(AwsDialect.targets(&request, None).names, ["q"]);
    }

    #[test]
    fn errors_are_written_as_each_service_writes_them_and_read_back() {
        let throttled = ErrorKind::Throttled {
            retry_after_seconds: Some(7),
        };
        let check = |request: Request<Bytes>, kind: &ErrorKind, status: u16, code: &str| {
            let response = AwsDialect.error(&request, kind);
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(AwsDialect.error_code(&response).as_deref(), Some(code));
        };
        let eks = || request("eks", "POST /clusters", None, "{}");
        let json = || request("tagging", "POST /", Some("X.GetResources"), "{}");
        check(
            query("ec2", "CreateVpc"),
            &throttled,
            503,
            "RequestLimitExceeded",
        );
        check(query("iam", "CreateRole"), &throttled, 400, "Throttling");
        check(eks(), &throttled, 429, "ThrottlingException");
        check(json(), &throttled, 400, "ThrottlingException");
        check(
            query("ec2", "AllocateAddress"),
            &ErrorKind::Quota,
            400,
            "AddressLimitExceeded",
        );
        check(
            eks(),
            &ErrorKind::Quota,
            400,
            "ResourceLimitExceededException",
        );
        check(
            query("ec2", "DeleteVpc"),
            &ErrorKind::Dependency,
            400,
            "DependencyViolation",
        );
        check(
            query("iam", "DeleteRole"),
            &ErrorKind::Dependency,
            409,
            "DeleteConflict",
        );
        check(
            eks(),
            &ErrorKind::CredentialsExpired,
            403,
            "ExpiredTokenException",
        );
        let denied = ErrorKind::Rejected(None);
        check(
            query("ec2", "CreateVpc"),
            &denied,
            403,
            "UnauthorizedOperation",
        );
        let chosen = ErrorKind::Rejected(Some("VpcLimitExceeded".to_owned()));
        check(query("ec2", "CreateVpc"), &chosen, 400, "VpcLimitExceeded");
        let response = AwsDialect.error(&eks(), &throttled);
        assert_eq!(response.headers()["retry-after"], "7");
    }

    #[test]
    fn an_answer_that_is_no_error_has_no_code() {
        let response = Response::new(Bytes::from_static(b"<X><Code>fine</Code></X>"));
        assert_eq!(AwsDialect.error_code(&response), None);
    }
}
