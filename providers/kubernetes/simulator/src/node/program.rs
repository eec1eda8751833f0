//! The programs of a pod's containers: interpreted, unknown, or refused.
//!
//! Any image can be pulled, but what its own program does is not known here. A pod that is to run for ever is taken to
//! run, and its status says that; one that is to end is refused, because how it would end is a guess.

use serde_json::Value;

use crate::json::{items, text};
use crate::node::shell::{self, Instruction, NotInterpreted};

/// Why a program is refused, in the words of the message of its container.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Command(#[from] NotInterpreted),
    #[error(
        "the simulated kubelet does not know what the program of image {0} does, so it cannot say how it would end: give \
         the container a command that it interprets, or a restart policy of Always"
    )]
    Image(String),
}

/// The words that a container starts with.
fn words(container: &Value) -> Vec<&str> {
    let command = items(container, "/command").iter();
    let all = command.chain(items(container, "/args"));
    all.filter_map(Value::as_str).collect()
}

/// Whether a container runs a program that is not interpreted and not a shell either: that of its image.
fn is_unknown(container: &Value) -> bool {
    let words = words(container);
    let has_command = !items(container, "/command").is_empty();
    !shell::is_known(words.first().copied().unwrap_or_default()) || !has_command
}

fn goes_on(spec: &Value) -> bool {
    text(spec, "/restartPolicy") == "Always"
}

/// The program of a container.
///
/// # Errors
/// If it is refused.
pub(crate) fn of(spec: &Value, container: &Value) -> Result<Vec<Instruction>, Refusal> {
    let has_command = !items(container, "/command").is_empty();
    if has_command && let Ok(steps) = shell::of(container) {
        return Ok(steps);
    }
    if is_unknown(container) && goes_on(spec) {
        return Ok(vec![Instruction::Stay]);
    }
    if has_command {
        return Ok(shell::of(container)?);
    }
    Err(Refusal::Image(text(container, "/image").to_owned()))
}

/// What a pod's status says of programs that are taken to run.
pub(crate) fn unknown(spec: &Value) -> Option<String> {
    let images: Vec<&str> = items(spec, "/containers")
        .iter()
        .filter(|container| is_unknown(container) && goes_on(spec))
        .filter(|container| {
            items(container, "/command").is_empty() || shell::of(container).is_err()
        })
        .map(|container| text(container, "/image"))
        .collect();
    (!images.is_empty()).then(|| {
        format!(
            "simulated: the program of {} is not known; it is taken to run until it is stopped",
            images.join(", ")
        )
    })
}

/// Why the containers of a pod cannot be created, as a message.
pub(crate) fn refusal(spec: &Value) -> Option<String> {
    if let Some(why) = first_steps(spec) {
        return Some(why);
    }
    let containers = items(spec, "/containers");
    let mut programs = Vec::new();
    for container in containers {
        match of(spec, container) {
            Ok(steps) => programs.push(steps),
            Err(why) => return Some(why.to_string()),
        }
    }
    let all_stay = programs
        .iter()
        .all(|steps| steps.contains(&Instruction::Stay));
    (containers.len() != 1 && !all_stay).then(|| {
        "the simulated kubelet runs several containers in a pod only if none of them ends"
            .to_owned()
    })
}

/// Why the init containers of a pod cannot run. Those that are interpreted and succeed take no time.
fn first_steps(spec: &Value) -> Option<String> {
    items(spec, "/initContainers").iter().find_map(|container| {
        let name = text(container, "/name");
        if text(container, "/restartPolicy") == "Always" {
            return Some(format!("init container {name}: sidecars are not simulated"));
        }
        let steps = match shell::of(container) {
            Ok(steps) if !items(container, "/command").is_empty() => steps,
            _ => {
                let image = text(container, "/image");
                return Some(format!(
                    "init container {name}: the simulated kubelet does not know how the program of image {image} \
                     ends"
                ));
            }
        };
        let fails = steps.iter().any(|step| match step {
            Instruction::Exit(code) => *code != 0,
            Instruction::Stay => true,
            _ => false,
        });
        fails.then(|| format!("init container {name}: the simulated kubelet runs only those that succeed"))
    })
}
