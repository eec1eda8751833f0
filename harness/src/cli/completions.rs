//! `kubeproof completions`: shell completions, generated from the options.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::Cli;
use super::output::Output;
use crate::exit_code;

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Prints the completions.
pub fn run(args: &Args, out: &Output) -> u8 {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kubeproof", &mut text);
    out.report(&String::from_utf8_lossy(&text));
    exit_code::PASSED
}
