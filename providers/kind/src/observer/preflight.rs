//! Preflight: engine, program, disk, cgroups, image and port, before anything is created.
//!
//! What this machine lacks is not the provisioner's fault: the row is `unknown`, with what to do about it.

use bollard::models::SystemInfo;
use kubeproof_contract::check::{Check, Verdict};
use kubeproof_contract::observer::ObserverError;

use super::KindObserver;
use crate::engine::client::{failed, is_not_found};
use crate::program::{self, KindError};
use crate::settings;

/// Least free space for a cluster, in bytes: a node unpacks its image's own images (about 1 GB for a published node
/// image) and writes logs and etcd's data.
const DISK_MIN: u64 = 3 << 30;

/// Checks what this machine has.
pub async fn look(account: &KindObserver) -> Vec<Check> {
    let mut checks = vec![
        row(
            "credentials.load",
            Verdict::Skipped,
            "the engine on this machine asks for none",
        ),
        row(
            "credentials.no_prompt",
            Verdict::Pass,
            "there is nothing to ask for",
        ),
        kind().await,
    ];
    let info = match info(account).await {
        Ok(info) => info,
        Err(error) => {
            checks.push(row("kind.engine", Verdict::Unknown, error.to_string()));
            return checks;
        }
    };
    account.learn_account(&info);
    checks.push(engine(&info));
    checks.push(cgroups(&info));
    checks.push(disk(&info));
    checks.push(image(account).await);
    checks.extend(port(account));
    checks
}

fn row(id: &str, verdict: Verdict, evidence: impl Into<String>) -> Check {
    let title = match id {
        "credentials.load" => "credentials found, a .env file first",
        "credentials.no_prompt" => "nothing asks interactively",
        "kind.program" => "the program kind is here, in a version that we know",
        "kind.engine" => "the container engine answers",
        "kind.cgroups" => "the engine says which version of cgroups it has",
        "kind.disk" => "there is room for a node",
        "kind.image" => "the node image is here or can be pulled",
        _ => "the port that is asked for is free",
    };
    Check::new(id, title, verdict, evidence)
}

async fn kind() -> Check {
    let programs = async {
        let version = program::version().await?;
        let docker = settings::docker_program()?;
        Ok::<_, KindError>(format!("kind {version}, {}", docker.display()))
    };
    match programs.await {
        Ok(seen) => row("kind.program", Verdict::Pass, seen),
        Err(error) => row("kind.program", Verdict::Unknown, error.to_string()),
    }
}

async fn info(account: &KindObserver) -> Result<SystemInfo, ObserverError> {
    let info = account.engine.docker().await?.info().await;
    info.map_err(|error| failed("docker:SystemInfo", &error))
}

fn engine(info: &SystemInfo) -> Check {
    let memory = info.mem_total.unwrap_or_default() / (1 << 30);
    let seen = format!(
        "engine {}, {} processors, {memory} GiB",
        info.server_version.as_deref().unwrap_or("of no version"),
        info.ncpu.unwrap_or_default()
    );
    row("kind.engine", Verdict::Pass, seen)
}

/// Kubernetes from 1.35 on refuses cgroup v1 unless configured otherwise, so the version must be known.
fn cgroups(info: &SystemInfo) -> Check {
    let version = info.cgroup_version.map(|version| version.to_string());
    match version.as_deref() {
        Some("1") => row(
            "kind.cgroups",
            Verdict::Pass,
            "cgroup v1: the node image must still take it (Kubernetes before 1.35 does)",
        ),
        Some("2") => row("kind.cgroups", Verdict::Pass, "cgroup v2"),
        other => row(
            "kind.cgroups",
            Verdict::Unknown,
            format!(
                "the engine says `{}`: a node needs cgroup v1 or v2; look at `docker info`",
                other.unwrap_or_default()
            ),
        ),
    }
}

fn disk(info: &SystemInfo) -> Check {
    let folder = info.docker_root_dir.clone().unwrap_or_default();
    match rustix::fs::statvfs(folder.as_str()) {
        // The disk of an engine in a virtual machine cannot be checked from here.
        Err(_) => row(
            "kind.disk",
            Verdict::Skipped,
            format!("{folder} of the engine cannot be seen from here"),
        ),
        Ok(seen) => {
            let free = seen.f_bavail.saturating_mul(seen.f_frsize);
            let words = format!("{} MiB free in {folder}", free >> 20);
            if free < DISK_MIN {
                let needed = DISK_MIN >> 20;
                let words = format!(
                    "{words}, {needed} are needed: make room, `docker system df` shows what is in it"
                );
                row("kind.disk", Verdict::Unknown, words)
            } else {
                row("kind.disk", Verdict::Pass, words)
            }
        }
    }
}

async fn image(account: &KindObserver) -> Check {
    let id = "kind.image";
    let Some(name) = settings::image(&account.spec) else {
        let words = "the default image of the installed kind; name another by `cluster.image` or KUBEPROOF_KIND_IMAGE";
        return row(id, Verdict::Skipped, words);
    };
    let docker = match account.engine.docker().await {
        Ok(docker) => docker,
        Err(error) => return row(id, Verdict::Unknown, error.to_string()),
    };
    match docker.inspect_image(&name).await {
        Ok(_) => row(id, Verdict::Pass, format!("{name} is here")),
        Err(error) if is_not_found(&error) => {
            match docker.inspect_registry_image(&name, None).await {
                Ok(_) => row(id, Verdict::Pass, format!("{name} will be pulled")),
                Err(error) => row(
                    id,
                    Verdict::Unknown,
                    format!(
                        "{name} is not here and cannot be pulled ({}): load one with `docker load`, \
                         or name another by `cluster.image` or KUBEPROOF_KIND_IMAGE",
                        failed("docker:DistributionInspect", &error).message
                    ),
                ),
            }
        }
        Err(error) => {
            let error = failed("docker:ImageInspect", &error);
            row(id, Verdict::Unknown, error.to_string())
        }
    }
}

fn port(account: &KindObserver) -> Option<Check> {
    let port = account.spec.api_server_port?.0;
    Some(match std::net::TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => row(
            "kind.port",
            Verdict::Pass,
            format!("127.0.0.1:{port} is free"),
        ),
        Err(error) => row(
            "kind.port",
            Verdict::Unknown,
            format!("127.0.0.1:{port}: {error}; end what holds it, or ask for another port"),
        ),
    })
}
