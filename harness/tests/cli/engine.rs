//! A small container engine on a socket: recorded answers, containers that can be deleted, and a log of requests. For
//! tests of what the program does to an engine, on machines without one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

pub struct Engine {
    socket: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    containers: Vec<Value>,
    asked: Vec<String>,
    later: Later,
}

/// Resources that appear once a file exists, as if a program had made them. `RUN` in them stands for the file's
/// content.
#[derive(Default)]
pub struct Later {
    pub once: PathBuf,
    /// Whether none of its containers can be deleted.
    pub stuck: bool,
    pub containers: Vec<Value>,
    pub volumes: Vec<String>,
}

impl State {
    fn containers(&self) -> Vec<Value> {
        let mut all = self.containers.clone();
        if let Ok(run) = std::fs::read_to_string(&self.later.once) {
            let named = |one: &Value| one.to_string().replace("RUN", run.trim());
            let later = self.later.containers.iter().map(named);
            all.extend(later.map(|text| serde_json::from_str::<Value>(&text).expect("JSON")));
        }
        all
    }

    fn volumes(&self) -> Vec<Value> {
        let later = self.later.once.exists();
        let later = self.later.volumes.iter().filter(|_| later);
        let volume = |name: &String| {
            json!({"Name": name, "Driver": "local", "Mountpoint": "/v", "Labels": {},
                   "Scope": "local", "Options": null})
        };
        later.map(volume).collect()
    }
}

/// A container in the engine's listing.
pub fn container(id: &str, name: &str, labels: &Value, created: i64) -> Value {
    json!({
        "Id": id, "Names": [format!("/{name}")], "Labels": labels, "Created": created,
        "State": "running", "Image": "image", "Ports": [], "Mounts": [],
    })
}

/// A node of a Kind cluster.
pub fn node(id: &str, cluster: &str, created: i64) -> Value {
    let labels = json!({"io.x-k8s.kind.cluster": cluster, "io.x-k8s.kind.role": "control-plane"});
    container(id, &format!("{cluster}-control-plane"), &labels, created)
}

impl Engine {
    /// Starts it in a folder; it stops when the test ends.
    pub fn start(folder: &Path, containers: Vec<Value>) -> Self {
        Self::start_with(folder, containers, Later::default())
    }

    /// The same with resources that appear later.
    pub fn start_with(folder: &Path, containers: Vec<Value>, later: Later) -> Self {
        let socket = folder.join("engine.sock");
        let listener = UnixListener::bind(&socket).expect("a socket");
        let state = Arc::new(Mutex::new(State {
            containers,
            later,
            ..State::default()
        }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || exchange(stream, &state));
            }
        });
        Self { socket, state }
    }

    /// The command, with this engine and without the user's settings.
    pub fn before(&self, mut command: Command, folder: &Path) -> Command {
        command
            .env("DOCKER_HOST", format!("unix://{}", self.socket.display()))
            // CI's settings are for its own engine, not for this one.
            .env_remove("KUBEPROOF_KIND")
            .env_remove("KUBEPROOF_KIND_IMAGE")
            .env_remove("KUBEPROOF_KIND_LOAD")
            .env_remove("KUBEPROOF_JOB_IMAGE")
            .env("HOME", folder)
            .env_remove("KUBECONFIG");
        command
    }

    /// The requests so far that change something.
    pub fn changes(&self) -> Vec<String> {
        let state = self.state.lock().expect("state");
        let changes = state.asked.iter().filter(|line| !line.starts_with("GET"));
        changes.cloned().collect()
    }
}

/// One request and its answer; then the connection is closed.
fn exchange(mut stream: UnixStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
    let mut line = String::new();
    let mut length = 0_u64;
    if reader.read_line(&mut line).is_err() {
        return;
    }
    loop {
        let mut header = String::new();
        match reader.read_line(&mut header) {
            Ok(read) if read > 2 => {}
            _ => break,
        }
        let header = header.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = Vec::new();
    let _ = reader.take(length).read_to_end(&mut body);
    let mut words = line.split_whitespace();
    let (method, target) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let (status, answer) = answer(method, target, &mut state.lock().expect("state"));
    let text = answer.map_or_else(String::new, |answer| answer.to_string());
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{text}",
        text.len()
    );
}

fn answer(method: &str, target: &str, state: &mut State) -> (&'static str, Option<Value>) {
    let path = target.split('?').next().unwrap_or_default();
    let path = match path.strip_prefix("/v1.") {
        Some(rest) => rest.split_once('/').map_or("", |(_, rest)| rest),
        None => path.trim_start_matches('/'),
    };
    state.asked.push(format!("{method} {path}"));
    let parts: Vec<&str> = path.split('/').collect();
    let known = match (method, parts.as_slice()) {
        ("GET", ["_ping"]) => json!("OK"),
        ("GET", ["version"]) => {
            json!({"Version": "27.0.0", "ApiVersion": "1.41", "MinAPIVersion": "1.24"})
        }
        ("GET", ["info"]) => {
            json!({"ID": "engine-1", "CgroupVersion": "2", "DockerRootDir": "/no/such/folder"})
        }
        ("GET", ["containers", "json"]) => json!(state.containers()),
        ("GET", ["volumes"]) => json!({"Volumes": state.volumes(), "Warnings": []}),
        ("GET", ["networks"]) => json!([{"Name": "kind", "Id": "network-1"}]),
        ("GET", ["images", "json"]) => json!([]),
        ("GET", ["events"]) => return ("200 OK", None),
        ("DELETE", ["containers", _]) if state.later.stuck => {
            let words = json!({"message": "it cannot be deleted"});
            return ("500 Internal Server Error", Some(words));
        }
        ("DELETE", ["containers", id]) => {
            state.containers.retain(|one| one["Id"] != *id);
            state.later.containers.retain(|one| one["Id"] != *id);
            return ("204 No Content", None);
        }
        _ => return ("404 Not Found", Some(json!({"message": "no such page"}))),
    };
    ("200 OK", Some(known))
}
