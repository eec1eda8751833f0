//! Where the engine listens, and whether it answers. `doctor` and preflight need no more.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The variable that names the engine, as Docker's own programs read it.
pub const VARIABLE: &str = "DOCKER_HOST";
/// How long the engine may take to answer a ping.
const PING_LIMIT: Duration = Duration::from_secs(10);
/// The longest answer to a ping that is read, bytes.
const ANSWER_MAX: u64 = 8 * 1024;

/// The engine's socket: from `DOCKER_HOST`, else where Docker puts it for this user.
///
/// # Errors
/// When `DOCKER_HOST` names something that is not a socket on this machine, or there is no socket.
pub fn socket() -> Result<PathBuf, String> {
    match std::env::var(VARIABLE) {
        Ok(host) if !host.is_empty() => of_host(&host),
        _ => {
            let usual = usual();
            let found = usual.iter().find(|path| path.exists()).cloned();
            found.ok_or_else(|| {
                let places: Vec<String> = usual
                    .iter()
                    .map(|path| path.display().to_string())
                    .collect();
                format!(
                    "no container engine: none of {} is there; start Docker (`dockerd`, Docker \
                     Desktop, or your system's service), or set {VARIABLE}=unix://SOCKET",
                    places.join(", ")
                )
            })
        }
    }
}

fn of_host(host: &str) -> Result<PathBuf, String> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
        _ => Err(format!(
            "{VARIABLE} is `{host}`: only an engine on this machine can be used, as \
             {VARIABLE}=unix:///PATH (what it leaves behind is looked for here)"
        )),
    }
}

/// Where Docker puts its socket: for the system, for this user, and Docker Desktop's.
fn usual() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("/var/run/docker.sock")];
    if let Some(folder) = std::env::var_os("XDG_RUNTIME_DIR") {
        places.push(Path::new(&folder).join("docker.sock"));
    }
    if let Some(home) = std::env::var_os("HOME") {
        places.push(Path::new(&home).join(".docker/run/docker.sock"));
    }
    places
}

/// Whether the engine answers. Blocking, with a limit.
///
/// # Errors
/// When it does not, with what to do.
pub fn answers(socket: &Path) -> Result<(), String> {
    let place = socket.display();
    let start = "start it, or set DOCKER_HOST to the one that runs";
    let ping = || -> std::io::Result<String> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(PING_LIMIT))?;
        stream.set_write_timeout(Some(PING_LIMIT))?;
        stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")?;
        let mut answer = String::new();
        stream.take(ANSWER_MAX).read_to_string(&mut answer)?;
        Ok(answer)
    };
    match ping() {
        Ok(answer) if answer.starts_with("HTTP/1.") && answer.contains(" 200 ") => Ok(()),
        Ok(answer) => {
            let line = answer.lines().next().unwrap_or("nothing").to_owned();
            Err(format!(
                "the container engine at {place} does not answer as Docker does (it said: {line}); {start}"
            ))
        }
        Err(error) => Err(format!(
            "the container engine at {place} does not answer: {error}; {start}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_socket_of_this_machine_is_an_engine() {
        assert_eq!(
            of_host("unix:///run/x.sock"),
            Ok(PathBuf::from("/run/x.sock"))
        );
        for host in [
            "tcp://10.0.0.1:2375",
            "ssh://host",
            "unix://relative",
            "/run/x.sock",
        ] {
            let error = of_host(host).expect_err(host);
            assert!(
                error.contains(host) && error.contains("unix:///PATH"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_socket_that_is_not_there_is_named_with_what_to_do() {
        let error = answers(Path::new("/no/such/socket")).expect_err("nothing is there");
        assert!(
            error.contains("/no/such/socket") && error.contains("start it"),
            "{error}"
        );
    }
}
