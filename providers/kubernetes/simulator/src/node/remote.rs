//! What a client does inside of a running container: `kubectl exec` and `kubectl attach`, over a WebSocket.
//!
//! Programs are interpreted as those of containers are. Source of channels and of the last message: the Kubernetes
//! documentation of the protocol `v5.channel.k8s.io`.

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use kubeproof_simkit::websocket;
use serde_json::{Value, json};

use crate::api::route::Target;
use crate::cluster::{Cluster, Pod};
use crate::json::{items, text};
use crate::node::pod_status::finished;
use crate::node::{probe, program, shell};
use crate::store::Key;
use crate::store::types::Type;
use crate::wire::status::Failure;

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
/// The channels of what a program prints, and of how it ended.
const OUTPUT: u8 = 1;
const STATUS: u8 = 3;

/// What a request asks for.
struct Asked {
    container: Option<String>,
    command: Vec<String>,
}

impl Asked {
    fn of(request: &Request<Bytes>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        let mut asked = Self {
            container: None,
            command: Vec::new(),
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "command" => asked.command.push(value.into_owned()),
                "container" if !value.is_empty() => asked.container = Some(value.into_owned()),
                _ => {}
            }
        }
        asked
    }
}

/// Answers a request for `exec` or `attach`.
pub(crate) fn answer(
    cluster: &Cluster,
    target: &Target,
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, Failure> {
    let name = target.name.as_deref().unwrap_or_default();
    let key = Key::new(
        "pods",
        target.namespace.as_deref().unwrap_or_default(),
        name,
    );
    let found = cluster.store.get(&key);
    let value = found.ok_or_else(|| Failure::not_found(Type::of("pods"), name))?;
    let asked = Asked::of(request);
    let first = text(value, "/spec/containers/0/name").to_owned();
    let wanted = asked.container.clone().unwrap_or(first);
    let mut all = items(value, "/spec/containers").iter();
    let container = all.find(|container| text(container, "/name") == wanted);
    let container = container.ok_or_else(|| {
        Failure::bad_request(format!("container {wanted} is not valid for pod {name}"))
    })?;
    let is_running = items(value, "/status/containerStatuses")
        .iter()
        .any(|status| {
            text(status, "/name") == wanted && status.pointer("/state/running").is_some()
        });
    if !is_running || finished(value) {
        return Err(Failure::internal(format!(
            "container not found (\"{wanted}\")"
        )));
    }
    let what = target.subresource.as_deref().unwrap_or_default();
    if !websocket::is_asked(request.headers()) {
        return Err(Failure::not_simulated(&format!(
            "pods/{what} other than over a WebSocket (kubectl 1.30 and later)"
        )));
    }
    let pod = Pod {
        uid: text(value, "/metadata/uid").to_owned(),
        key,
    };
    let (printed, ended) = if what == "exec" {
        executed(cluster, &pod, container, &asked.command)
    } else {
        attached(cluster, &pod, value)?
    };
    let mut messages = Vec::new();
    if !printed.is_empty() {
        messages.push([vec![OUTPUT], printed.into_bytes()].concat());
    }
    messages.push([vec![STATUS], ended.to_string().into_bytes()].concat());
    websocket::switch(request.headers(), &PROTOCOLS, &messages).map_err(Failure::bad_request)
}

/// What a program prints in a container, and how it ends.
fn executed(
    cluster: &Cluster,
    pod: &Pod,
    container: &Value,
    command: &[String],
) -> (String, Value) {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let variables = probe::variables(cluster, pod, container).unwrap_or_default();
    // What a container knows of itself.
    let known = match words.as_slice() {
        ["hostname"] | ["cat", "/etc/hostname"] => Some(format!("{}\n", pod.key.name)),
        ["env" | "printenv"] => {
            let lines = variables.iter().filter(|(name, _)| !name.contains('/'));
            let mut lines: Vec<String> = lines
                .map(|(name, value)| format!("{name}={value}\n"))
                .collect();
            lines.push(format!("HOSTNAME={}\n", pod.key.name));
            Some(lines.concat())
        }
        _ => None,
    };
    if let Some(known) = known {
        return (known, exit(0));
    }
    let given = json!({"command": command});
    let steps = shell::of(&given).ok();
    // A program that waits, for an answer or for ever, would have to be held here.
    let waits = |step: &shell::Instruction| {
        matches!(step, shell::Instruction::Call(_) | shell::Instruction::Stay)
    };
    let Some(steps) = steps.filter(|steps| !steps.iter().any(waits)) else {
        let message = format!(
            "not simulated: the simulated kubelet does not interpret {}",
            words.join(" ")
        );
        return (String::new(), failed("InternalError", &message, 500));
    };
    let execution = shell::execute(&steps, &variables);
    let printed: String = execution.prints.into_iter().map(|(_, text)| text).collect();
    (printed, exit(execution.exit_code))
}

/// What a container prints from now on until its end, which is known before it comes.
fn attached(cluster: &Cluster, pod: &Pod, value: &Value) -> Result<(String, Value), Failure> {
    let container = &value["spec"]["containers"][0];
    let steps = program::of(&value["spec"], container).unwrap_or_default();
    if steps.contains(&shell::Instruction::Stay) {
        return Err(Failure::not_simulated(
            "pods/attach to a container that never ends",
        ));
    }
    let output = cluster.logs.get(&pod.uid).cloned().unwrap_or_default();
    let before = output.until(cluster.now).len();
    let all = output.until(Timestamp::MAX);
    Ok((all.get(before..).unwrap_or_default().to_owned(), exit(0)))
}

fn exit(code: i32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    let message = format!("command terminated with non-zero exit code: exit status {code}");
    let mut status = failed("NonZeroExitCode", &message, 500);
    crate::json::remove(&mut status, "/code");
    status["details"] = json!({"causes": [{"reason": "ExitCode", "message": code.to_string()}]});
    status
}

fn failed(reason: &str, message: &str, code: u16) -> Value {
    json!({
        "metadata": {}, "status": "Failure", "reason": reason, "message": message, "code": code,
    })
}
