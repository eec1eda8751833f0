//! The program `kubeproof`: a thin shell around the library.

use std::process::ExitCode;

/// Campaigns run thousands of lifecycles that make and drop small things: a third of their time was the
/// system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(kubeproof::cli::main())
}
