//! The clusters' API servers: who may call them, and what they want of the account.

use bytes::Bytes;
use http::Request;
use kubeproof_simkit::cloud::Reply;

use crate::state::State;

/// The cluster whose endpoint a request goes to.
pub fn cluster_of(_state: &State, _request: &Request<Bytes>) -> Option<String> {
    None
}

/// Authenticates a request and lets the cluster's API server answer it.
pub fn answer(_state: &mut State, _cluster: &str, _request: &Request<Bytes>) -> Reply {
    Reply::Now(http::Response::new(Bytes::new()))
}

/// Lets the API servers reach the time now.
pub fn advance(_state: &mut State) {}

/// Carries out what the clusters want of the account: load balancers and volumes.
pub fn carry_out(_state: &mut State) {}
