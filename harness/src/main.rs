//! The program `kubeproof`: a thin shell around the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(kubeproof::cli::main())
}
