//! API calls by name: service, operation, whether it changes anything, and who made it.
//!
//! Only a cloud's [`Dialect`] can name a request; journal and faults work with the name alone.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};

use crate::fault::Effect;

/// Who made a call. A fault targets one actor, and some invariants are about one (an auditor never mutates).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The program under test.
    Provisioner,
    /// The independent observer that evaluates checks.
    Observer,
    /// The auditor that lists the resources of the account.
    Auditor,
    /// The job runner.
    Workload,
    /// The reader of billing data.
    Biller,
    /// Another user of the account, who makes the foreign changes of a fault.
    Foreign,
}

impl Actor {
    /// All actors.
    pub const ALL: [Self; 6] = [
        Self::Provisioner,
        Self::Observer,
        Self::Auditor,
        Self::Workload,
        Self::Biller,
        Self::Foreign,
    ];
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Provisioner => "provisioner",
            Self::Observer => "observer",
            Self::Auditor => "auditor",
            Self::Workload => "workload",
            Self::Biller => "biller",
            Self::Foreign => "foreign",
        })
    }
}

/// The name of a call: `ec2:CreateVpc`, `kubernetes:list-nodes`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// The service, by the cloud's own short name.
    pub service: String,
    /// The operation in the cloud's own spelling.
    pub operation: String,
    /// Whether the call can change anything in the account.
    pub mutating: bool,
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service, self.operation)
    }
}

/// The kind of error answer that a fault injects. Every cloud has an answer for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A definite refusal with this error code, or the cloud's "permission denied" when none is given.
    Rejected(Option<String>),
    /// Too many requests, optionally with the time to wait.
    Throttled {
        /// The `Retry-After` header, seconds; `None` leaves it out.
        retry_after_seconds: Option<u64>,
    },
    /// An internal server error.
    Server,
    /// A quota is used up.
    Quota,
    /// No capacity at the moment.
    Capacity,
    /// The resource is still in use.
    Dependency,
    /// The credentials have expired.
    CredentialsExpired,
    /// A permission that was just granted has not reached every service yet.
    PermissionLag,
}

/// The resources that a call acts on and those it created, by id or name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// What it changes or deletes. Not what it only refers to (the network of a new subnet).
    pub names: Vec<String>,
    /// What it created, according to its answer.
    pub made: Vec<String>,
}

/// The page token that [`Dialect::with_further_page`] adds.
pub const FURTHER_PAGE: &str = "kubeproof-further-page";

/// A cloud's wire format, as far as journal and faults need to know it.
pub trait Dialect: Send + Sync + fmt::Debug {
    /// Names the request. One that it does not know is `unknown:<METHOD path>`, and counts as mutating.
    fn signature(&self, request: &Request<Bytes>) -> Signature;

    /// Builds the error answer that the cloud would give to this request.
    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes>;

    /// Whether the cloud accepts the call and the effect shows later, in the operation that the call started.
    /// Such a call gets no error answer; the simulator carries out the effect.
    fn shows_later(&self, _call: &Signature, effect: &Effect) -> bool {
        effect.is_delayed()
    }

    /// The same page of a list with [`FURTHER_PAGE`] as its next-page token. `None` when the answer is not a
    /// list, or its list has no such token.
    fn with_further_page(
        &self,
        _request: &Request<Bytes>,
        _response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        None
    }

    /// What a mutating call acts on and what it created, where its path does not tell (query and JSON
    /// protocols). `response` is `None` before the answer and when the answer was an error. Names returned
    /// here replace those in the path.
    fn targets(&self, _request: &Request<Bytes>, _response: Option<&Response<Bytes>>) -> Targets {
        Targets::default()
    }

    /// The cloud's error code in a response; `None` when the response is not an error.
    fn error_code(&self, response: &Response<Bytes>) -> Option<String>;
}
