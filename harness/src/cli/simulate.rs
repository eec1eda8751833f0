//! `kubeproof simulate`: serves simulated accounts to other programs and reports what they left.
//!
//! Options, signals and messages; the session itself is in `simulate::session`.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kubeproof_contract::fault::Fault;
use kubeproof_contract::process::{Attached, ProcessError, ProcessSpec, real};
use kubeproof_contract::provider::Provider;
use kubeproof_contract::serve::{ClientEnvironment, ServeError};
use kubeproof_simkit::paced_clock;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::output::{Output, TableOrJson};
use crate::scenario::injectable;
use crate::simulate::env_file::{EnvFile, EnvFileError};
use crate::simulate::environment::{self, NotWritten};
use crate::simulate::session::{CloudUrl, Session, Settings};
use crate::wall_clock::today;
use crate::{exit_code, providers};

pub mod conclusion;

use conclusion::{End, conclude};

/// How long a command that is interrupted gets, in real time, before it is asked to end (SIGTERM).
const INTERRUPT_LIMIT: Duration = Duration::from_secs(30);
/// How long a command that is asked to end gets, in real time, before it is ended (SIGKILL).
const END_LIMIT: Duration = Duration::from_secs(10);

const AFTER_HELP: &str = "\
Without a command, it serves until Ctrl-C. With one, it sets the environment that redirects real
clients and runs the command. Both then print what is left and its monthly price, what was there
before and is gone or changed, and the bill. The command's child processes are killed with it,
unless it reads from a terminal. Standard output belongs to the command, and the report goes to
standard error; with --format json it is the other way round.

Control routes beside each API, as JSON: GET /_kubeproof/inventory, journal, meter and faults;
POST /_kubeproof/reset; POST /_kubeproof/faults with {\"faults\": [\"SPEC\", ...]}, which replaces
all others. KUBEPROOF_CONTROL_<CLOUD> in the command's environment says where they are.

Exit codes:
  0   nothing is left, and the command succeeded (or was killed by a requested fault)
  1   something is left, gone or changed; or the command failed
  2   usage error, or the command could not be started
  3   inconclusive: a fault was not injected, or the command was stopped from outside

Examples:
  kubeproof simulate -- python3 SCRIPT
  kubeproof simulate --time-scale 60 -- terraform -chdir=DIR apply -auto-approve
  kubeproof simulate --env-file env & . ./env        for your own shell";

/// Options of `simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub struct Args {
    /// Serve only this cloud; may be repeated [default: all that have a simulator]
    #[arg(long, value_name = "NAME")]
    cloud: Vec<String>,
    /// Address, or address and port, to listen on; further clouds use the next ports
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1", value_parser = listen)]
    listen: SocketAddr,
    /// Simulated seconds per real second: at 60, a 10-minute cluster takes 10 s. The clock stops while the
    /// command computes
    #[arg(long, value_name = "N", default_value = "1", value_parser = scale)]
    time_scale: NonZeroU32,
    /// Random seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Inject this fault into client calls; may be repeated
    #[arg(
        long,
        value_name = "SPEC",
        long_help = "Inject this fault into client calls; may be repeated.\n\
            service:operation[#occurrence][*times]=effect[(argument)]\n\
            crash-before and crash-after kill the command."
    )]
    fault: Vec<Fault>,
    /// Write the environment to this new file as `export` lines; it is removed at the end
    #[arg(
        long,
        value_name = "FILE",
        long_help = "Write the environment to this new file as `export` lines; it is removed at the end.\n\
            An existing file is never overwritten, unless a killed session left it."
    )]
    env_file: Option<PathBuf>,
    /// Format; with json, the command's own output goes to standard error
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: TableOrJson,
    /// The command to run, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// The largest scale: an hour in a hundredth of a second. Beyond it a client sees nothing happen.
const SCALE_MAX: u32 = 360_000;

/// Why the value of an option cannot be used.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error("`{0}` is not a whole number from 1")]
    NotWhole(String),
    #[error("at most {max}", max = SCALE_MAX)]
    ScaleTooLarge,
    #[error("`{0}` is neither an IP address nor one with a port, such as 127.0.0.1:4566")]
    NoAddress(String),
    #[error("unknown provider `{0}` (expected one of {known})", known = providers::names())]
    UnknownProvider(String),
}

fn scale(text: &str) -> Result<NonZeroU32, ValueError> {
    let scale = text.parse::<NonZeroU32>();
    match scale.map_err(|_| ValueError::NotWhole(text.to_owned()))? {
        scale if scale.get() > SCALE_MAX => Err(ValueError::ScaleTooLarge),
        scale => Ok(scale),
    }
}

fn listen(text: &str) -> Result<SocketAddr, ValueError> {
    let address = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0));
    address
        .or_else(|_| text.parse::<SocketAddr>())
        .map_err(|_| ValueError::NoAddress(text.to_owned()))
}

/// Serves, and runs the command if there is one.
pub fn run(args: &Args, out: &Output) -> u8 {
    let chosen = match chosen(&args.cloud) {
        Ok(chosen) => chosen,
        Err(error) => {
            out.error(&error.to_string());
            return exit_code::USAGE;
        }
    };
    if let Some(problem) = injectable::refusal_of_served(&args.fault, &chosen) {
        out.error(&problem);
        return exit_code::USAGE;
    }
    let folder = tempfile::Builder::new()
        .prefix("kubeproof-simulate-")
        .tempdir();
    let (runtime, folder) = match (paced_clock::runtime(), folder) {
        (Ok(runtime), Ok(folder)) => (runtime, folder),
        (Err(error), _) | (_, Err(error)) => {
            out.error(&format!("cannot begin: {error}"));
            return exit_code::UNKNOWN;
        }
    };
    runtime.block_on(simulate(args, out, chosen, folder.path()))
}

/// The clouds to serve. Without names, all; those without a simulator drop out when they say so.
fn chosen(names: &[String]) -> Result<Vec<Arc<dyn Provider>>, ValueError> {
    if names.is_empty() {
        return Ok(providers::shared());
    }
    names
        .iter()
        .map(|name| providers::find(name).ok_or_else(|| ValueError::UnknownProvider(name.clone())))
        .collect()
}

async fn simulate(args: &Args, out: &Output, chosen: Vec<Arc<dyn Provider>>, folder: &Path) -> u8 {
    let environment = environment::own();
    let settings = Settings {
        address: args.listen.ip(),
        port: args.listen.port(),
        today: today(),
        time_scale: args.time_scale,
        seed: args.seed,
        faults: args.fault.clone(),
        environment: environment.clone(),
    };
    let session = match begin(chosen, &settings, !args.cloud.is_empty()) {
        Ok(session) => session,
        Err((code, problem)) => {
            out.error(&problem);
            return code;
        }
    };
    // Before anything is written that a signal must not leave behind.
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            out.error(&format!("signals cannot be listened to here: {error}"));
            return exit_code::UNKNOWN;
        }
    };
    let redirects = session.redirects(folder, &environment);
    let env_file = match prepare(args, &redirects) {
        Ok(env_file) => env_file,
        Err(error) => {
            out.error(&error.to_string());
            return exit_code::USAGE;
        }
    };
    announce(args, out, &session);
    let code = attend(args, out, session, &redirects, &mut signals).await;
    // It names ports that are closed now.
    if let Some(Err(why)) = env_file.map(EnvFile::remove) {
        out.tell(&format!("warning: {why}"));
    }
    code
}

/// Runs the command, or waits for a signal, and compares the accounts with the beginning.
async fn attend(
    args: &Args,
    out: &Output,
    session: Session,
    redirects: &[ClientEnvironment],
    signals: &mut Signals,
) -> u8 {
    let Some((program, arguments)) = args.command.split_first() else {
        out.say("serving until Ctrl-C");
        signals.next().await;
        return conclude(out, args.format, Ok(End::Served), &session.end().await);
    };
    let mut order = order(program, arguments, redirects).of(session.programs());
    if args.format == TableOrJson::Json {
        order = order.output_to_error();
    }
    // A program that reads from the terminal must be in the terminal's group, which is ours.
    let end = match order.attach(!std::io::stdin().is_terminal()) {
        Ok(command) => supervise(command, &session, signals).await,
        Err(error) => {
            out.error(&error.to_string());
            return exit_code::USAGE;
        }
    };
    let diffs = session.end().await;
    conclude(out, args.format, end, &diffs)
}

fn begin(
    chosen: Vec<Arc<dyn Provider>>,
    settings: &Settings,
    by_name: bool,
) -> Result<Session, (u8, String)> {
    let mut chosen = chosen;
    // Each round serves, or drops one cloud that was not asked for and has no simulator.
    loop {
        match Session::begin(chosen.clone(), settings) {
            Ok(_) if chosen.is_empty() => {
                return Err((exit_code::USAGE, "no provider has a simulator".to_owned()));
            }
            Ok(session) => return Ok(session),
            Err((name, ServeError::NoSimulator)) if !by_name => {
                chosen.retain(|provider| provider.name() != name);
            }
            Err((name, error)) => {
                let code = match error {
                    ServeError::Certificates(_) => exit_code::UNKNOWN,
                    _ => exit_code::USAGE,
                };
                return Err((code, format!("{name} cannot be served: {error}")));
            }
        }
    }
}

/// A file that cannot be written.
#[derive(Debug, thiserror::Error)]
enum PrepareError {
    #[error(transparent)]
    NotWritten(#[from] NotWritten),
    #[error(transparent)]
    EnvFile(#[from] EnvFileError),
}

/// Writes the files that variables name, and the one that was asked for.
fn prepare(args: &Args, redirects: &[ClientEnvironment]) -> Result<Option<EnvFile>, PrepareError> {
    environment::write_files(redirects)?;
    let path = args.env_file.as_deref();
    let written = path.map(|path| EnvFile::write(path, &environment::lines(redirects)));
    Ok(written.transpose()?)
}

fn announce(args: &Args, out: &Output, session: &Session) {
    for CloudUrl { name, title, url } in session.urls() {
        out.say(&format!("{name} ({title}) is simulated at {url}"));
    }
    let ip = args.listen.ip();
    if !ip.is_loopback() {
        out.error(&format!(
            "warning: listening on {ip}: anyone who can reach this machine can use the simulators and \
             reset them (loopback, such as {}, keeps them to this machine)",
            Ipv4Addr::LOCALHOST
        ));
    }
}

fn order(
    program: &OsString,
    arguments: &[OsString],
    redirects: &[ClientEnvironment],
) -> ProcessSpec {
    // No limit of ours: the user watches the command.
    let order = ProcessSpec::new(Path::new(program), Duration::MAX).arguments(arguments);
    let variables = redirects.iter().flat_map(|redirect| &redirect.variables);
    variables.fold(order, |order, variable| match &variable.value {
        Some(value) => order.variable(&variable.name, value),
        None => order.without(&variable.name),
    })
}

/// Waits for the command's end, a crash that a fault asks for, or a signal.
async fn supervise(
    mut command: Attached,
    session: &Session,
    signals: &mut Signals,
) -> Result<End, ProcessError> {
    tokio::select! {
        status = command.wait() => return Ok(End::Status(status?)),
        interrupted = session.crash() => {
            if interrupted {
                wind_down(&mut command, session, signals).await;
            }
            command.end();
            command.wait().await?;
            return Ok(End::Crashed);
        }
        () = signals.next() => wind_down(&mut command, session, signals).await,
    }
    command.end();
    command.wait().await?;
    Ok(End::Stopped)
}

/// Interrupts the command as a user does, and asks it to end when it does not. A signal to this process cuts the wait
/// short.
async fn wind_down(command: &mut Attached, session: &Session, signals: &mut Signals) {
    command.interrupt();
    let over = real::sleep(INTERRUPT_LIMIT);
    tokio::pin!(over);
    loop {
        tokio::select! {
            _ = command.wait() => return,
            () = &mut over => break,
            () = signals.next() => return,
            interrupted = session.crash() => {
                if !interrupted {
                    return;
                }
                command.interrupt();
            }
        }
    }
    command.ask_to_end();
    tokio::select! {
        _ = command.wait() => {}
        () = real::sleep(END_LIMIT) => {}
        () = signals.next() => {}
    }
}

/// Ctrl-C, SIGTERM, and SIGHUP of a closed terminal.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
