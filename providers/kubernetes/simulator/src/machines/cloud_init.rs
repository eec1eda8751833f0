//! Parses the cloud-init document of a launch: what it would make of the machine.
//!
//! Only the installation of k3s with its files is understood. Anything else is refused by name, and nothing is
//! executed.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Where k3s reads its settings.
const CONFIG: &str = "/etc/rancher/k3s/config.yaml";
/// Where k3s looks for existing certificate authorities.
const TLS: &str = "/var/lib/rancher/k3s/server/tls/";
/// Where k3s finds manifests that it applies automatically.
const MANIFESTS: &str = "/var/lib/rancher/k3s/server/manifests/";
/// Supported settings.
const SETTINGS: &[&str] = &[
    "token",
    "server",
    "node-name",
    "node-label",
    "disable",
    "default-runtime",
];

/// What a document asks for and the simulator does not do: a file, a setting or a command, by its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotSimulated(String);

/// Refuses a document because of this.
fn refuse<T>(what: impl Into<String>) -> Result<T, NotSimulated> {
    Err(NotSimulated(what.into()))
}

/// The role of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Boot {
    /// A machine with nothing on it.
    Plain,
    /// The server of a cluster.
    Server(Server),
    /// An additional node.
    Agent(Agent),
}

/// The server of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The name of its node.
    pub node: String,
    /// The secret by which nodes join.
    pub token: String,
    /// `1.34`.
    pub version: String,
    /// The authority that signs the server's certificate, PEM.
    pub server_ca: String,
    /// The authority that signs the clients' certificates, PEM.
    pub client_ca: String,
    /// Whether the server's certificate names the public address.
    pub names_address: bool,
    /// Whether a manifest runs the NVIDIA device plugin on all nodes.
    pub device_plugin: bool,
}

/// An additional node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    /// The name of its node.
    pub node: String,
    /// The host of the server that it joins.
    pub server: String,
    /// The secret of its token.
    pub secret: String,
    /// The digest of the authority that it expects, if its token contains one.
    pub authority: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    write_files: Vec<File>,
    #[serde(default)]
    runcmd: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    path: String,
    #[serde(default)]
    permissions: Option<String>,
    content: String,
}

/// The role that the document gives to a machine.
///
/// # Errors
/// Names what is not supported: a file, a setting or a command.
pub fn read(user_data: Option<&str>) -> Result<Boot, NotSimulated> {
    let Some(text) = user_data else {
        return Ok(Boot::Plain);
    };
    if !text.starts_with("#cloud-config\n") {
        return refuse("user_data that is not a #cloud-config document");
    }
    let document: Document = serde_saphyr::from_str(text).or_else(|error| {
        // The parser quotes the document, which holds secrets: only its first line is passed on.
        let error = error.to_string();
        refuse(format!(
            "cloud-config: {}",
            error.lines().next().unwrap_or_default()
        ))
    })?;
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    for file in document.write_files {
        let known = file.path == CONFIG
            || file.path.starts_with(TLS)
            || (file.path.starts_with(MANIFESTS) && file.path.ends_with(".json"));
        if !known {
            return refuse(format!("the file {}", file.path));
        }
        let readable = file.permissions.as_deref() != Some("0600");
        if readable && (file.path == CONFIG || file.path.ends_with(".key")) {
            return refuse(format!("the file {}, which others can read", file.path));
        }
        files.insert(file.path, file.content);
    }
    let commands = commands(&document.runcmd)?;
    let Some((version, is_server)) = commands.installs else {
        return Ok(Boot::Plain);
    };
    let settings = settings(files.get(CONFIG).map_or("", String::as_str))?;
    if is_server {
        server(&settings, &files, version, commands.names_address)
    } else {
        agent(&settings)
    }
}

#[derive(Default)]
struct Commands {
    installs: Option<(String, bool)>,
    names_address: bool,
}

fn commands(list: &[String]) -> Result<Commands, NotSimulated> {
    let mut seen = Commands::default();
    let mut script = None;
    for command in list {
        let words: Vec<&str> = command.split_whitespace().collect();
        let is_download =
            words.first() == Some(&"curl") && words.last() == Some(&"https://get.k3s.io");
        if is_download {
            let mut words = words.iter();
            script = words.find(|word| **word == "-o").and(words.next()).copied();
        } else if command.contains("tls-san:") && command.ends_with("/config.yaml.d/address.yaml") {
            seen.names_address = true;
        } else if let [version, "sh", path, role @ ("server" | "agent")] = words.as_slice()
            && Some(*path) == script
            && let Some(version) = version.strip_prefix("INSTALL_K3S_VERSION=v")
        {
            let minor: Vec<&str> = version.split('.').take(2).collect();
            seen.installs = Some((minor.join("."), *role == "server"));
        } else {
            return refuse(format!("the command `{command}`"));
        }
    }
    Ok(seen)
}

fn settings(text: &str) -> Result<BTreeMap<String, Value>, NotSimulated> {
    let settings: BTreeMap<String, Value> =
        serde_json::from_str(text).or_else(|_| refuse(format!("{CONFIG} that is not JSON")))?;
    match settings
        .keys()
        .find(|key| !SETTINGS.contains(&key.as_str()))
    {
        Some(unknown) => refuse(format!("the setting `{unknown}` of k3s")),
        None => Ok(settings),
    }
}

fn setting(settings: &BTreeMap<String, Value>, name: &str) -> Result<String, NotSimulated> {
    let value = settings.get(name).and_then(Value::as_str);
    match value {
        Some(value) => Ok(value.to_owned()),
        None => refuse(format!("k3s without the setting `{name}`")),
    }
}

fn server(
    settings: &BTreeMap<String, Value>,
    files: &BTreeMap<String, String>,
    version: String,
    names_address: bool,
) -> Result<Boot, NotSimulated> {
    let tls = |name: &str| {
        let why = "its own authority could not be trusted";
        match files.get(&format!("{TLS}{name}")) {
            Some(file) => Ok(file.clone()),
            None => refuse(format!("k3s without {TLS}{name}: {why}")),
        }
    };
    let mut device_plugin = false;
    for (path, content) in files.iter().filter(|(path, _)| path.starts_with(MANIFESTS)) {
        device_plugin |= is_device_plugin(path, content)?;
    }
    // k3s cannot sign without the keys.
    tls("server-ca.key")?;
    tls("client-ca.key")?;
    Ok(Boot::Server(Server {
        node: setting(settings, "node-name")?,
        token: setting(settings, "token")?,
        version,
        server_ca: tls("server-ca.crt")?,
        client_ca: tls("client-ca.crt")?,
        names_address,
        device_plugin,
    }))
}

/// Whether a manifest is the supported one: the daemon set of the NVIDIA device plugin.
fn is_device_plugin(path: &str, content: &str) -> Result<bool, NotSimulated> {
    let value: Value =
        serde_json::from_str(content).or_else(|_| refuse(format!("{path} that is not JSON")))?;
    let kind = value["kind"].as_str().unwrap_or_default();
    let image = value
        .pointer("/spec/template/spec/containers/0/image")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if kind == "DaemonSet" && image.contains("k8s-device-plugin") {
        Ok(true)
    } else {
        refuse(format!(
            "the manifest {path}: a {kind} with the image `{image}`"
        ))
    }
}

fn agent(settings: &BTreeMap<String, Value>) -> Result<Boot, NotSimulated> {
    let url = setting(settings, "server")?;
    let Some(host) = url
        .strip_prefix("https://")
        .and_then(|rest| rest.strip_suffix(":6443"))
    else {
        return refuse(format!("the server {url}"));
    };
    let token = setting(settings, "token")?;
    let (authority, secret) = match token
        .strip_prefix("K10")
        .and_then(|rest| rest.split_once("::server:"))
    {
        Some((digest, secret)) => (Some(digest.to_owned()), secret.to_owned()),
        None => (None, token),
    };
    Ok(Boot::Agent(Agent {
        node: setting(settings, "node-name")?,
        server: host.to_owned(),
        secret,
        authority,
    }))
}

/// The digest of an authority, as tokens of k3s carry it: SHA-256 of its certificates' text.
pub fn digest(authority_pem: &str) -> String {
    let bytes = Sha256::digest(authority_pem.as_bytes());
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(document: &str, expected: &str) {
        let error = read(Some(document)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn what_is_not_the_known_installation_is_refused_by_name() {
        assert_eq!(read(None), Ok(Boot::Plain));
        refused("#!/bin/sh\nreboot\n", "not a #cloud-config");
        refused(
            "#cloud-config\n{\"runcmd\": [\"rm -rf /\"]}",
            "the command `rm -rf /`",
        );
        refused("#cloud-config\n{\"packages\": [\"vim\"]}", "cloud-config:");
        let file = r#"#cloud-config
{"write_files": [{"path": "/etc/passwd", "content": "x"}]}"#;
        refused(file, "the file /etc/passwd");
        let open = r#"#cloud-config
{"write_files": [{"path": "/etc/rancher/k3s/config.yaml", "content": "{}"}]}"#;
        refused(open, "which others can read");
    }

    #[test]
    fn an_agent_says_whom_it_joins_and_whom_it_trusts() {
        let document = r#"#cloud-config
{"write_files": [{"path": "/etc/rancher/k3s/config.yaml", "permissions": "0600",
  "content": "{\"server\": \"https://10.19.0.11:6443\", \"token\": \"K10ab::server:s\", \"node-name\": \"n\"}"}],
 "runcmd": ["curl -fsSL -o /run/i.sh https://get.k3s.io", "INSTALL_K3S_VERSION=v1.34.1+k3s1 sh /run/i.sh agent"]}"#;
        let expected = Agent {
            node: "n".to_owned(),
            server: "10.19.0.11".to_owned(),
            secret: "s".to_owned(),
            authority: Some("ab".to_owned()),
        };
        assert_eq!(read(Some(document)), Ok(Boot::Agent(expected)));
    }
}
