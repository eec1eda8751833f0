//! What a request is called: service, operation, whether it changes anything, and who made it.
//!
//! Apart from the transport because naming a request is each cloud's own knowledge ([`Dialect`]),
//! while journal and faults need only the name.

use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use serde::{Deserialize, Serialize};

use crate::fault::Effect;

/// Who made a call. Faults aim at one actor, and invariants speak of one (an auditor never mutates).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Actor {
    /// The program under test.
    Provisioner,
    /// The independent observer that evaluates checks.
    Observer,
    /// The auditor that lists the account.
    Auditor,
    /// The job runner.
    Workload,
    /// The reader of billing data.
    Biller,
    /// Somebody else, whose changes a fault asks for.
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
    /// The service in the cloud's own short form.
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

/// What kind of error answer a fault asks for, in words that every cloud has an answer for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A definite refusal with this error code, or the cloud's "permission denied" when none is given.
    Rejected(Option<String>),
    /// Too many requests, with the seconds to wait when the cloud says them.
    Throttled {
        /// Seconds of a `Retry-After` header.
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
    /// What was just permitted is not known everywhere yet.
    PermissionLag,
}

/// What a call names and what it made, by id or by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets {
    /// What it changes or removes. Not what it only refers to (the network of a new subnet).
    pub names: Vec<String>,
    /// What it made, as its answer says.
    pub made: Vec<String>,
}

/// The token of the further page that [`Dialect::with_further_page`] adds.
pub const FURTHER_PAGE: &str = "kubeproof-further-page";

/// What a cloud knows about its own wire format, as far as journal and faults need it.
pub trait Dialect: Send + Sync + fmt::Debug {
    /// Names the request. A request that it cannot name is `unknown:<METHOD path>`, and mutating.
    fn signature(&self, request: &Request<Bytes>) -> Signature;

    /// Words an error answer as the cloud would for this request.
    fn error(&self, request: &Request<Bytes>, kind: &ErrorKind) -> Response<Bytes>;

    /// Whether the cloud accepts the call and shows the effect later, in what the call began. Then the call
    /// is not answered by an error, and the simulator carries the effect out.
    fn shows_later(&self, _call: &Signature, effect: &Effect) -> bool {
        effect.is_delayed()
    }

    /// The same list with [`FURTHER_PAGE`] as the token of a further page, for a list that has such tokens. `None`: no list.
    fn with_further_page(
        &self,
        _request: &Request<Bytes>,
        _response: &Response<Bytes>,
    ) -> Option<Response<Bytes>> {
        None
    }

    /// What a changing call names and what it made, where its path does not say it all (query and JSON
    /// protocols). `response` is none before the answer, and when it was an error. Names that are given
    /// here stand in place of those in the path.
    fn targets(&self, _request: &Request<Bytes>, _response: Option<&Response<Bytes>>) -> Targets {
        Targets::default()
    }

    /// The cloud's error code in a response, when it is an error.
    fn error_code(&self, response: &Response<Bytes>) -> Option<String>;
}
