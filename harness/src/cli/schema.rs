//! `kubeproof schema`: the JSON schemas of scenario files and of outputs, from the types that read and write them.
//!
//! Apart from reading scenarios, for editors that check while one writes.

use super::output::Output;
use crate::{exit_code, providers};

mod outputs;

/// Options of `schema`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Provider whose scenario files it is about [default: the only one, or all in one document]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The schema of what this command prints with `--format json`, in place of that of scenario files
    #[arg(long, value_name = "COMMAND", conflicts_with = "provider")]
    output: Option<outputs::Command>,
}

/// Prints the schema.
pub fn run(args: &Args, out: &Output) -> u8 {
    if let Some(command) = args.output {
        return print(&outputs::of(command), out);
    }
    let all = providers::all();
    let chosen: Vec<_> = all
        .iter()
        .filter(|provider| {
            args.provider
                .as_deref()
                .is_none_or(|name| name == provider.name())
        })
        .collect();
    let schema = match chosen.as_slice() {
        [] => {
            let name = args.provider.as_deref().unwrap_or_default();
            out.error(&format!(
                "there is no provider `{name}`; known: {}",
                providers::names()
            ));
            return exit_code::USAGE;
        }
        [one] => one.schema(),
        several => {
            let schemas: Vec<_> = several.iter().map(|provider| provider.schema()).collect();
            serde_json::json!({ "oneOf": schemas })
        }
    };
    print(&schema, out)
}

fn print(schema: &serde_json::Value, out: &Output) -> u8 {
    match serde_json::to_string_pretty(schema) {
        Ok(text) => {
            out.report(&(text + "\n"));
            exit_code::PASSED
        }
        Err(error) => {
            out.error(&format!("the schema cannot be written: {error}"));
            exit_code::BUG
        }
    }
}
