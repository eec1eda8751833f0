//! `kubeproof man`: manual pages, one a command, generated from the options. Hidden: packagers run it, once a release.

use std::path::{Path, PathBuf};

use clap::CommandFactory as _;

use super::Cli;
use super::output::Output;
use crate::exit_code;

/// Options of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder for the pages; it is created
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Writes the pages and names the folder.
pub fn run(args: &Args, out: &Output) -> u8 {
    match write(&args.folder) {
        Ok(pages) => {
            let folder = args.folder.display();
            out.report(&format!("{pages} manual pages in {folder}\n"));
            exit_code::PASSED
        }
        Err(error) => {
            let folder = args.folder.display();
            out.error(&format!("{folder}: {error}; name another folder"));
            exit_code::USAGE
        }
    }
}

/// Writes a page for the program and one for each command that its help lists, and counts them.
fn write(folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    Ok(std::fs::read_dir(folder)?.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_and_each_command_of_its_help_have_a_page() {
        let place = tempfile::tempdir().expect("a folder");
        write(place.path()).expect("written");
        let page = |name: &str| std::fs::read_to_string(place.path().join(name));
        for command in Cli::command().get_subcommands() {
            let name = format!("kubeproof-{}.1", command.get_name());
            assert_eq!(page(&name).is_err(), command.is_hide_set(), "{name}");
        }
        let program = page("kubeproof.1").expect("the program's page");
        assert!(program.contains("inconclusive"), "exit codes: {program}");
    }
}
