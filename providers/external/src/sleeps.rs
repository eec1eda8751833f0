//! Sleeps of Python programs as waits on the rehearsal's clock, so that no real time passes in them.
//!
//! A `sitecustomize` on PYTHONPATH asks a socket of ours for each `time.sleep`, and is answered when the clock has gone on
//! by as much. If the process that asks is all that the program does, the clock jumps at once; otherwise when all of the
//! program sleeps ([`kubeproof_simkit::paced_clock`]).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kubeproof_contract::private;
use kubeproof_contract::process::Programs;
use kubeproof_contract::process::work::is_alone;
use kubeproof_contract::serve::Variable;
use kubeproof_simkit::paced_clock;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What Python runs at its start.
const SITE: &str = include_str!("sitecustomize.py");
/// The folder that it is written to, in that of the program's files.
const FOLDER: &str = "python";
/// The variable that names our socket.
const PLACE: &str = "KUBEPROOF_SLEEPS";
/// Python's search path for modules.
const PATH: &str = "PYTHONPATH";
/// The longest sleep, seconds: a year.
const SECONDS_MAX: f64 = 31_536_000.0;

/// The socket at which programs sleep. Dropping it closes it.
#[derive(Debug)]
pub struct Sleeps {
    address: SocketAddr,
    folder: PathBuf,
    serving: JoinHandle<()>,
}

impl Sleeps {
    /// Serves sleeps of these programs on the clock of the current runtime, and writes what Python needs below `folder`.
    ///
    /// # Errors
    /// When there is no port, or a file cannot be written.
    pub fn serve(folder: &Path, programs: &Programs) -> io::Result<Self> {
        let folder = folder.join(FOLDER);
        private::folder(&folder)?;
        private::write(&folder.join("sitecustomize.py"), SITE)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let listener = TcpListener::from_std(listener)?;
        let programs = programs.clone();
        let serving = tokio::spawn(async move {
            // Ends when it is dropped.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve_one(stream, programs.clone()));
            }
        });
        Ok(Self {
            address,
            folder,
            serving,
        })
    }

    /// The variables that lead Python here. Programs in other languages ignore them.
    pub fn variables(&self) -> [Variable; 2] {
        let own = self.folder.display().to_string();
        let path = match std::env::var(PATH) {
            Ok(given) if !given.is_empty() => format!("{own}:{given}"),
            _ => own,
        };
        let variable = |name: &str, value: String, about| Variable {
            name: name.to_owned(),
            value: Some(value),
            about,
        };
        [
            variable(PLACE, self.address.to_string(), "where Python sleeps"),
            variable(PATH, path, "makes Python sleep there"),
        ]
    }
}

impl Drop for Sleeps {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answers the sleeps of one thread, one after the other, until it goes.
async fn serve_one(stream: TcpStream, programs: Programs) {
    let _ = stream.set_nodelay(true);
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Some((process, time)) = asked(&line) else {
            return;
        };
        sleep(&programs, process, time).await;
        if writing.write_all(b"\n").await.is_err() {
            return;
        }
    }
}

/// The process that asks, and how long it sleeps: `1234 0.5`.
fn asked(line: &str) -> Option<(i32, Duration)> {
    let (process, seconds) = line.split_once(' ')?;
    let seconds = seconds.trim().parse::<f64>().ok()?;
    let time = Duration::try_from_secs_f64(seconds).ok()?;
    (seconds <= SECONDS_MAX).then_some((process.parse().ok()?, time))
}

async fn sleep(programs: &Programs, process: i32, time: Duration) {
    if is_alone(programs, process) {
        return paced_clock::jump(time).await;
    }
    let wake = tokio::time::Instant::now() + time;
    let _sleeping = programs.sleeps_until(wake);
    tokio::time::sleep_until(wake).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_is_a_process_and_seconds() {
        let check = |line: &str, expected: Option<(i32, u64)>| {
            let found = asked(line).map(|(process, time)| (process, time.as_secs()));
            assert_eq!(found, expected, "{line}");
        };
        check("12 30.000000", Some((12, 30)));
        for wrong in [
            "", "12", "12 x", "x 1", "12 -1", "12 nan", "12 inf", "12 1e99",
        ] {
            check(wrong, None);
        }
    }
}
