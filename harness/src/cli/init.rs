//! `kubeproof init`: writes a scenario for a terraform configuration or for programs, and checks what a configuration
//! uses against what is simulated, before its first apply.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kubeproof_contract::provider::Provider;
use kubeproof_contract::terraform::Configuration;
use kubeproof_external::terraform_files;

use super::output::Output;
use crate::{exit_code, providers, scenario};

mod check;
mod modules;
mod new_scenario;

use check::Checked;
use new_scenario::{By, NewScenario};

/// The file that is written into the folder of a configuration.
const FILE: &str = "kubeproof.yaml";

const AFTER_HELP: &str = "\
It reads the configuration's files, and those of its modules once `terraform init` has downloaded
them; it runs nothing. Values that need terraform to be told are assumed, and marked in the file.

Exit codes:
  0   the scenario is written, and all that the configuration uses is simulated
  2   usage error, a file that cannot be read, or a scenario that is there already
  3   the scenario is written, and something that the configuration uses is not known to be simulated

Examples:
  kubeproof init DIR                                   writes DIR/kubeproof.yaml
  kubeproof init DIR --force                           writes it anew
  kubeproof init --provider NAME --provision 'python3 SCRIPT up' --teardown 'python3 SCRIPT down'";

/// Options of `init`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// Folder of a terraform configuration
    #[arg(
        value_name = "DIR",
        required_unless_present = "provision",
        conflicts_with_all = ["provision", "teardown"]
    )]
    folder: Option<PathBuf>,
    /// Instead of terraform: the command that creates the cluster
    #[arg(long, value_name = "COMMAND", requires_all = ["teardown", "provider"])]
    provision: Option<String>,
    /// The command that removes it
    #[arg(long, value_name = "COMMAND", requires = "provision")]
    teardown: Option<String>,
    /// The provider [default: the one whose terraform provider is used]
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// The file to write [default: kubeproof.yaml in DIR, or here]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Overwrite the file if it is there
    #[arg(long)]
    force: bool,
}

/// Writes the scenario.
pub fn run(args: &Args, out: &Output) -> u8 {
    match begin(args) {
        Ok(begun) => {
            out.report(&begun.text);
            begun.code
        }
        Err(problem) => {
            out.error(&problem);
            exit_code::USAGE
        }
    }
}

/// A scenario that was written.
struct Begun {
    text: String,
    code: u8,
}

fn begin(args: &Args) -> Result<Begun, String> {
    let named = args.provider.as_deref().map(provider_named).transpose()?;
    match (&args.folder, &args.provision, &args.teardown) {
        (Some(folder), _, _) => of_terraform(args, folder, named),
        (None, Some(provision), Some(teardown)) => {
            let provider = named.ok_or("--provider is missing")?;
            let by = By::Programs {
                provision: words(provision)?,
                teardown: words(teardown)?,
            };
            let file = args.out.clone().unwrap_or_else(|| PathBuf::from(FILE));
            let scenario = NewScenario::of(&*provider, by, None)?;
            let text = written(args, &file, &scenario, &*provider)?;
            Ok(Begun {
                text,
                code: exit_code::PASSED,
            })
        }
        (None, _, _) => Err(
            "name the folder of a terraform configuration, or both --provision and --teardown"
                .to_owned(),
        ),
    }
}

fn of_terraform(
    args: &Args,
    folder: &Path,
    named: Option<Arc<dyn Provider>>,
) -> Result<Begun, String> {
    let configuration = terraform_files::read(folder).map_err(|error| error.to_string())?;
    let provider = match named {
        Some(provider) => provider,
        None => provider_of(folder, &configuration)?,
    };
    let modules = modules::of(folder, &configuration);
    let checked = Checked::of(&*provider, &configuration, &modules);
    let file = args.out.clone().unwrap_or_else(|| folder.join(FILE));
    let by = By::Terraform {
        folder: beside(&file, folder)?,
        named: folder_name(folder),
    };
    let scenario = NewScenario::of(&*provider, by, Some(&configuration))?;
    let text = checked.text() + &written(args, &file, &scenario, &*provider)?;
    let code = if checked.is_complete() {
        exit_code::PASSED
    } else {
        exit_code::UNKNOWN
    };
    Ok(Begun { text, code })
}

fn provider_named(name: &str) -> Result<Arc<dyn Provider>, String> {
    providers::find(name).ok_or_else(|| {
        format!(
            "unknown provider `{name}` (expected one of {})",
            providers::names()
        )
    })
}

/// The one provider whose terraform provider the configuration uses.
fn provider_of(folder: &Path, configuration: &Configuration) -> Result<Arc<dyn Provider>, String> {
    let used = check::terraform_providers(configuration);
    let all = providers::shared().into_iter();
    let known: Vec<(Arc<dyn Provider>, &str)> = all
        .filter_map(|provider| {
            let of = provider.terraform()?.name;
            Some((provider, of))
        })
        .collect();
    let mut found = known
        .iter()
        .filter(|(_, name)| used.iter().any(|used| used == name));
    let folder = folder.display();
    match (found.next(), found.next()) {
        (Some((provider, _)), None) => Ok(Arc::clone(provider)),
        (Some((one, _)), Some((other, _))) => Err(format!(
            "{folder}: it uses the terraform providers of {} and {}: say which one makes the cluster, with --provider",
            one.name(),
            other.name()
        )),
        (None, _) => {
            let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
            let used = if used.is_empty() {
                "none".to_owned()
            } else {
                used.join(", ")
            };
            Err(format!(
                "{folder}: it uses no terraform provider that kubeproof knows (it uses {used}; known: {}); say whose \
                 cluster it makes, with --provider",
                names.join(", ")
            ))
        }
    }
}

/// The configuration's folder as a scenario file names it: relative to the file where it is below it.
fn beside(file: &Path, folder: &Path) -> Result<String, String> {
    let real = |path: &Path| {
        let path = if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        };
        path.canonicalize()
            .map_err(|error| format!("{}: {error}", path.display()))
    };
    let base = real(file.parent().unwrap_or(Path::new(".")))?;
    let folder = real(folder)?;
    match folder.strip_prefix(&base) {
        Ok(inside) if inside.as_os_str().is_empty() => Ok(".".to_owned()),
        Ok(inside) => Ok(inside.display().to_string()),
        Err(_) => Ok(folder.display().to_string()),
    }
}

fn folder_name(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    real.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Writes the file and says what comes next. What would not be read as a scenario is not written.
fn written(
    args: &Args,
    file: &Path,
    scenario: &NewScenario,
    provider: &dyn Provider,
) -> Result<String, String> {
    let content = scenario.text();
    let name = file.display().to_string();
    scenario::read::parse(&name, &content, &providers::shared()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        format!(
            "the scenario would not be valid, so nothing was written: {}; write it by hand (`kubeproof schema --provider {}`)",
            problems.join("; "),
            provider.name()
        )
    })?;
    write(file, &content, args.force).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => format!("{name} is there already: --force overwrites it"),
        _ => format!("{name} cannot be written: {error}"),
    })?;
    let assumed = scenario.assumed().iter();
    let assumed: String = assumed.map(|each| format!("assumed  {each}\n")).collect();
    Ok(format!(
        "{assumed}wrote    {name}\nnext     kubeproof verify {name}\n"
    ))
}

fn write(file: &Path, content: &str, force: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(file)?.write_all(content.as_bytes())
}

/// The words of a command, as a shell without variables splits it.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word): (Vec<String>, Option<String>) = (Vec::new(), None);
    let mut quote = None;
    for c in text.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    match quote {
        Some(open) => Err(format!("`{text}`: a {open} is not closed")),
        None if words.is_empty() => Err("a command is empty: name a program".to_owned()),
        None => Ok(words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_as_a_shell_splits_it() {
        let check = |text: &str, expected: Result<&[&str], &str>| {
            let seen = words(text);
            let seen = seen
                .as_ref()
                .map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(
                seen.map_err(String::as_str),
                expected.map(<[&str]>::to_vec),
                "{text}"
            );
        };
        check("python3 eks.py up", Ok(&["python3", "eks.py", "up"]));
        check("sh -c 'a  b' \"\"", Ok(&["sh", "-c", "a  b", ""]));
        check(" ", Err("a command is empty: name a program"));
        check("a 'b", Err("`a 'b`: a ' is not closed"));
    }

    #[test]
    fn a_folder_is_named_from_the_place_of_the_scenario() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("conf");
        std::fs::create_dir(&folder).expect("made");
        let check = |file: &Path, expected: &str| {
            assert_eq!(
                beside(file, &folder).as_deref(),
                Ok(expected),
                "{}",
                file.display()
            );
        };
        check(&folder.join(FILE), ".");
        check(&place.path().join("s.yaml"), "conf");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let real = folder.canonicalize().expect("there");
        check(
            &elsewhere.path().join("s.yaml"),
            &real.display().to_string(),
        );
    }
}
