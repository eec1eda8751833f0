//! A second process that serves a simulated account, as if it were the cloud.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// Where an account is served, and with which credentials.
#[derive(Clone, Debug)]
pub struct Account {
    pub address: SocketAddr,
    /// A file with the authority of its certificates, PEM.
    pub authority: PathBuf,
    /// A `.env` file with the credentials that it knows.
    pub env_file: PathBuf,
}

impl Account {
    /// Hands it on to a process that is started.
    pub fn hand_on(&self, command: &mut Command) {
        command
            .env("LIVE_ADDRESS", self.address.to_string())
            .env("LIVE_AUTHORITY", &self.authority)
            .env("LIVE_ENV_FILE", &self.env_file);
    }

    /// What the process was given.
    pub fn given() -> Self {
        let variable = |name: &str| std::env::var(name).expect(name);
        Self {
            address: variable("LIVE_ADDRESS").parse().expect("an address"),
            authority: variable("LIVE_AUTHORITY").into(),
            env_file: variable("LIVE_ENV_FILE").into(),
        }
    }
}

/// The served account, until it is dropped.
pub struct SecondProcess {
    process: Child,
    folder: TempDir,
    variables: BTreeMap<String, String>,
    cloud: &'static str,
}

impl SecondProcess {
    /// Serves a fresh account of this cloud.
    pub fn serve(cloud: &'static str) -> Self {
        Self::start(cloud, &[])
    }

    /// The same, whose own clock is the real one: only the run makes it go faster.
    pub fn serve_slowly(cloud: &'static str) -> Self {
        Self::start(cloud, &["--time-scale", "1"])
    }

    fn start(cloud: &'static str, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("environment");
        let mut process = Command::new(env!("CARGO_BIN_EXE_kubeproof"))
            .args(["simulate", "--cloud", cloud, "--env-file"])
            .arg(&file)
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stderr.take().expect("its output")).lines();
        let serves = lines.any(|line| line.is_ok_and(|line| line.contains("serving until")));
        assert!(serves, "{cloud} is not served");
        // What it still says must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        let text = std::fs::read_to_string(file).expect("its environment");
        Self {
            process,
            folder,
            variables: variables(&text),
            cloud,
        }
    }

    fn variable(&self, name: &str) -> &str {
        let name = format!("{name}_{}", self.cloud.to_uppercase());
        let value = self.variables.get(&name);
        value.unwrap_or_else(|| panic!("{name} is not set"))
    }

    /// The account.
    pub fn account(&self) -> Account {
        Account {
            address: self.address(),
            authority: self.variable("KUBEPROOF_CA_FILE").into(),
            env_file: self.env_file(),
        }
    }

    /// Where it listens.
    fn address(&self) -> SocketAddr {
        let control = self.variable("KUBEPROOF_CONTROL");
        let rest = control.trim_start_matches("http://");
        let address = rest.trim_end_matches("/_kubeproof");
        address.parse().expect("an address")
    }

    /// A `.env` file with the credentials that the account knows, as a user would write it.
    fn env_file(&self) -> PathBuf {
        let names = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "GOOGLE_OAUTH_ACCESS_TOKEN",
            "AZURE_TENANT_ID",
            "AZURE_CLIENT_ID",
            "AZURE_CLIENT_SECRET",
            "HF_TOKEN",
            "LAMBDA_API_KEY",
        ];
        let known = names
            .iter()
            .filter_map(|name| Some(format!("{name}={}\n", self.variables.get(*name)?)));
        let path = self.folder.path().join(".env");
        std::fs::write(&path, known.collect::<String>()).expect("written");
        path
    }
}

impl Drop for SecondProcess {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The variables that lines of `export NAME='value' # about` set.
fn variables(text: &str) -> BTreeMap<String, String> {
    let set = text.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("export ")?.split_once("='")?;
        let (value, _) = rest.rsplit_once("' #")?;
        Some((name.to_owned(), value.to_owned()))
    });
    set.collect()
}
