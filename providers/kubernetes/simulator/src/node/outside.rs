//! What pods ask of hosts outside the cluster: the cloud's simulator takes each request and answers it.
//!
//! A cluster has no way out unless its cloud provides one: a pod that calls something fails then, as without a network.

use std::collections::BTreeMap;

use crate::cloud_provider::{PodAnswer, PodRequest};
use crate::cluster::{Cluster, Pod};
use crate::json::text;
use crate::node::curl::{Curl, CurlError, Outgoing, REFUSED};
use crate::node::kubelet;
use crate::node::pod_status::{deleted, finished};
use crate::node::shell::{self, Execution, Instruction};
use crate::store::Key;

/// A host has no address.
const NO_ADDRESS: i32 = 6;
/// Nothing answers at an address.
const NO_CONNECTION: i32 = 7;
/// A server shows the certificate of another host.
const WRONG_CERTIFICATE: i32 = 60;

/// A program that has stopped at a request, and goes on with the answer.
#[derive(Clone, Debug)]
pub(crate) struct Stopped {
    pub(crate) call: Curl,
    pub(crate) rest: Vec<Instruction>,
    pub(crate) variables: BTreeMap<String, String>,
}

/// The program of a pod sends its request.
pub(crate) fn send(cluster: &mut Cluster, pod: &Pod) {
    let Some(stopped) = cluster.calling.get(&pod.uid) else {
        return;
    };
    let sent = stopped
        .call
        .outgoing(&stopped.variables)
        .and_then(|outgoing| led_outside(cluster, &pod.key.namespace, outgoing));
    match sent {
        Err(error) => go_on(cluster, pod, Err(error)),
        Ok(Outgoing { to, request }) => cluster.pod_requests.push(PodRequest {
            pod: pod.clone(),
            to,
            request,
        }),
    }
}

/// The request with the host outside that its connection ends at: a service may stand for one.
fn led_outside(
    cluster: &Cluster,
    namespace: &str,
    outgoing: Outgoing,
) -> Result<Outgoing, CurlError> {
    let host = &outgoing.to;
    let unresolved = || CurlError::new(NO_ADDRESS, format!("Could not resolve host: {host}"));
    let name = host.strip_suffix(".svc.cluster.local").unwrap_or(host);
    let name = name.strip_suffix(".svc").unwrap_or(name);
    let (name, namespace) = name.split_once('.').unwrap_or((name, namespace));
    let service = cluster.store.get(&Key::new("services", namespace, name));
    let to = match service {
        Some(service) if text(service, "/spec/type") == "ExternalName" => {
            text(service, "/spec/externalName").to_owned()
        }
        Some(_) => {
            let message = format!("Failed to connect to {host}: Connection refused");
            return Err(CurlError::new(NO_CONNECTION, message));
        }
        None if host.contains('.') => host.clone(),
        None => return Err(unresolved()),
    };
    if !cluster.reaches_outside {
        return Err(unresolved());
    }
    Ok(Outgoing { to, ..outgoing })
}

/// The cloud has answered a request of a pod, whose program goes on.
pub(crate) fn answered(cluster: &mut Cluster, asked: &PodRequest, answer: PodAnswer) {
    let host = asked.request.uri().host().unwrap_or_default();
    let said = match answer {
        PodAnswer::Response(response) => {
            let body = String::from_utf8_lossy(response.body()).into_owned();
            let status = response.status().as_u16();
            if status < 400 {
                Ok(body)
            } else {
                let message = format!("The requested URL returned error: {status}");
                let error = CurlError::new(REFUSED, message);
                Err(error.after(&body))
            }
        }
        PodAnswer::OtherHost => {
            let message = format!(
                "SSL: no alternative certificate subject name matches target host name '{host}'"
            );
            Err(CurlError::new(WRONG_CERTIFICATE, message))
        }
        PodAnswer::NoServer => {
            let message = format!("Could not resolve host: {}", asked.to);
            Err(CurlError::new(NO_ADDRESS, message))
        }
    };
    go_on(cluster, &asked.pod, said);
    cluster.settle();
}

/// The program of a pod goes on with what its request has brought.
fn go_on(cluster: &mut Cluster, pod: &Pod, said: Result<String, CurlError>) {
    let Some(stopped) = cluster.calling.remove(&pod.uid) else {
        return;
    };
    let is_over = |value| finished(value) || deleted(value);
    if cluster.pod(pod).is_none_or(is_over) {
        return;
    }
    let (text, exit_code) = match said {
        Ok(text) => (text, 0),
        Err(error) => (error.line(), error.exit_code),
    };
    let mut execution = shell::execute(&stopped.rest, &stopped.variables);
    if stopped.rest.is_empty() {
        execution.exit_code = exit_code;
    }
    execution
        .prints
        .insert(0, (std::time::Duration::ZERO, text));
    kubelet::execute(cluster, pod, execution, &stopped.variables);
}

/// The request at which a program has stopped.
pub(crate) fn stopped(
    execution: &Execution,
    variables: &BTreeMap<String, String>,
) -> Option<Stopped> {
    let (call, rest) = execution.call.clone()?;
    Some(Stopped {
        call,
        rest,
        variables: variables.clone(),
    })
}
