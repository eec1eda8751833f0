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

/// Why there is no engine, with what to do.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no socket in any usual place.
    #[error(
        "no container engine: none of {0} is there; start Docker (`dockerd`, Docker Desktop, or your system's \
         service), or set {VARIABLE}=unix://SOCKET"
    )]
    NoSocket(String),
    /// It is on another machine.
    #[error(
        "{VARIABLE} is `{0}`: only an engine on this machine can be used, as {VARIABLE}=unix:///PATH (what it leaves \
         behind is looked for here)"
    )]
    Elsewhere(String),
    /// What listens there is no engine.
    #[error(
        "the container engine at {} does not answer as Docker does (it said: {said}); {START}",
        .socket.display()
    )]
    Other {
        /// Where.
        socket: PathBuf,
        /// The first line of its answer.
        said: String,
    },
    /// Nothing answers there.
    #[error("the container engine at {} does not answer: {error}; {START}", .socket.display())]
    Silent {
        /// Where.
        socket: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
}

/// What to do about an engine that does not answer.
const START: &str = "start it, or set DOCKER_HOST to the one that runs";

/// The engine's socket: from `DOCKER_HOST`, else where Docker puts it for this user.
///
/// # Errors
/// When `DOCKER_HOST` names something that is not a socket on this machine, or there is no socket.
pub fn socket() -> Result<PathBuf, EngineError> {
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
                EngineError::NoSocket(places.join(", "))
            })
        }
    }
}

fn of_host(host: &str) -> Result<PathBuf, EngineError> {
    match host.strip_prefix("unix://") {
        Some(path) if path.starts_with('/') => Ok(PathBuf::from(path)),
        _ => Err(EngineError::Elsewhere(host.to_owned())),
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
pub fn answers(socket: &Path) -> Result<(), EngineError> {
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
            let said = answer.lines().next().unwrap_or("nothing").to_owned();
            let socket = socket.to_owned();
            Err(EngineError::Other { socket, said })
        }
        Err(error) => Err(EngineError::Silent {
            socket: socket.to_owned(),
            error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_socket_of_this_machine_is_an_engine() {
        let here = of_host("unix:///run/x.sock").expect("here");
        assert_eq!(here, Path::new("/run/x.sock"));
        for host in [
            "tcp://10.0.0.1:2375",
            "ssh://host",
            "unix://relative",
            "/run/x.sock",
        ] {
            let error = of_host(host).expect_err(host).to_string();
            assert!(
                error.contains(host) && error.contains("unix:///PATH"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_socket_that_is_not_there_is_named_with_what_to_do() {
        let error = answers(Path::new("/no/such/socket")).expect_err("nothing is there");
        let error = error.to_string();
        assert!(
            error.contains("/no/such/socket") && error.contains("start it"),
            "{error}"
        );
    }
}
