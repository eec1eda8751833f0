//! The AWS dialect: how a request is called, and how AWS words its errors.
//!
//! Journal and faults need only this. Names come from what every client sends: the credential scope
//! of the signature, and then action, target or path. Unsigned requests go to a cluster's API server.

use bytes::Bytes;
use http::{Request, Response};
use kubeproof_contract::call::{Dialect, ErrorKind, Signature};

mod codes;
mod operation;
mod words;

/// The AWS dialect.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsDialect;

impl Dialect for AwsDialect {
    fn signature(&self, request: &Request<Bytes>) -> Signature {
        if let Some(service) = operation::service(request) {
            let operation = operation::name(&service, request);
            let mutating = operation::is_mutating(&service, &operation, request);
            return Signature { service, operation, mutating };
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
        let protocol = words::Protocol::of(&service);
        let answer = codes::answer(&service, &operation, protocol, kind);
        words::response(protocol, &answer)
    }

    fn error_code(&self, response: &Response<Bytes>) -> Option<String> {
        words::error_code(response)
            .or_else(|| kubeproof_kubernetes::dialect::error_code(response))
    }
}
