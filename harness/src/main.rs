//! The program `kubeproof`: a thin shell around the library.

use std::process::ExitCode;

/// Campaigns allocate many small values in thousands of lifecycles: the system's allocator took a third of their time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(kubeproof::cli::main())
}
