//! `kubeproof explain`: what an oracle, a verdict, a fault effect, a check or a phase means, with an example and how to mend it.
//!
//! The texts are `EXPLAIN.md` beside this crate's manifest, and for a provider's own checks its `CHECKS.md`: what is printed
//! is what the documentation says. A test holds that nothing is without its text.

use kubeproof_reports::record::Record;
use kubeproof_reports::table::wrapped;

use super::output::Output;
use crate::scenario::message::did_you_mean;
use crate::{exit_code, providers};

/// The texts for all providers.
const TEXTS: &str = include_str!("../../EXPLAIN.md");
/// Columns of a text whose reader is not known.
const USUAL_WIDTH: usize = 100;

const AFTER_HELP: &str = "\
Words: oracles (O1, orphans), verdicts (unknown), fault effects (lost-response), ids of checks and
phases (run_job). Without a word, all are listed.

Exit codes:
  0   the word is explained
  2   there is no such word

Examples:
  kubeproof explain O1
  kubeproof explain lost-response
  kubeproof explain audit.clean";

/// Options of `explain`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub struct Args {
    /// The word [default: list all]
    #[arg(value_name = "WORD")]
    word: Option<String>,
}

/// Where the first finding is explained, if there is one.
pub fn hint(records: &[Record]) -> Option<String> {
    let finding = records.iter().flat_map(|record| &record.findings).next()?;
    // Of an oracle its number is enough: `O1 orphans`.
    let mut parts = finding.oracle.split(' ');
    let first = parts.next().filter(|first| first.starts_with('O'));
    let word = match first {
        Some(first) => first.to_owned(),
        None if parts.next().is_some() => format!("'{}'", finding.oracle),
        None => finding.oracle.clone(),
    };
    Some(format!(
        "`kubeproof explain {word}` says what a finding means, and how to mend it"
    ))
}

/// A part of the texts.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// The heading of the second level that it stands under.
    group: String,
    word: String,
    /// Its paragraphs.
    paragraphs: Vec<String>,
}

/// Prints the text of a word, or all words.
pub fn run(args: &Args, out: &Output) -> u8 {
    let entries = entries();
    let width = out.style().width.map_or(USUAL_WIDTH, usize::from).max(30);
    let Some(word) = &args.word else {
        out.report(&list(&entries, width));
        return exit_code::PASSED;
    };
    let found = find(&entries, word);
    if found.is_empty() {
        let known: Vec<&str> = entries.iter().flat_map(names).collect();
        let hint = did_you_mean(word, &known);
        out.error(&format!(
            "`{word}` is not explained; {hint}`kubeproof explain` lists all words"
        ));
        return exit_code::USAGE;
    }
    let texts: Vec<String> = found.iter().map(|entry| text(entry, width)).collect();
    out.report(&texts.join("\n"));
    exit_code::PASSED
}

/// All texts: those for all providers, then each provider's.
fn entries() -> Vec<Entry> {
    let mut all = parts(TEXTS, "");
    for provider in providers::all() {
        let group = format!("Checks of {}", provider.title());
        all.extend(parts(provider.checks_explained(), &group));
    }
    all
}

/// The parts of a Markdown text: one for each heading of the third level.
fn parts(text: &str, group: &str) -> Vec<Entry> {
    let (mut all, mut group): (Vec<Entry>, String) = (Vec::new(), group.to_owned());
    let mut is_new = true;
    for line in text.lines() {
        if let Some(word) = line.strip_prefix("### ") {
            all.push(Entry {
                group: group.clone(),
                word: word.to_owned(),
                paragraphs: Vec::new(),
            });
            is_new = true;
        } else if let Some(title) = line.strip_prefix("## ") {
            title.clone_into(&mut group);
        } else if line.is_empty() {
            is_new = true;
        } else if let Some(entry) = all.last_mut() {
            match entry.paragraphs.last_mut() {
                Some(paragraph) if !is_new => {
                    paragraph.push(' ');
                    paragraph.push_str(line);
                }
                _ => entry.paragraphs.push(line.to_owned()),
            }
            is_new = false;
        }
    }
    all
}

/// What an entry is found by: its word, and of an oracle (`O1 orphans`) its number and its name too.
fn names(entry: &Entry) -> impl Iterator<Item = &str> {
    let parts = entry.word.split_once(' ');
    let parts = parts.into_iter().flat_map(|(number, name)| [number, name]);
    std::iter::once(entry.word.as_str()).chain(parts)
}

/// The entries of a word. A fault's argument is not part of it, and a check is also found by its id without the provider.
fn find<'a>(entries: &'a [Entry], word: &str) -> Vec<&'a Entry> {
    let word = word.split('(').next().unwrap_or(word).trim();
    let by = |is: &dyn Fn(&str) -> bool| -> Vec<&'a Entry> {
        entries
            .iter()
            .filter(|entry| names(entry).any(is))
            .collect()
    };
    let exact = by(&|name| name.eq_ignore_ascii_case(word));
    if !exact.is_empty() {
        return exact;
    }
    // `aws.ready` is the row of all providers, and `vpc` the row of one.
    let own = word.split_once('.').map_or(word, |(_, own)| own);
    let of_all = by(&|name| name.eq_ignore_ascii_case(own));
    if !of_all.is_empty() && is_provider(word) {
        return of_all;
    }
    by(&|name| {
        name.split_once('.')
            .is_some_and(|(_, id)| id.eq_ignore_ascii_case(word))
    })
}

/// Whether a word begins with the name of a provider.
fn is_provider(word: &str) -> bool {
    word.split_once('.')
        .is_some_and(|(name, _)| providers::find(name).is_some())
}

fn text(entry: &Entry, width: usize) -> String {
    let group = &entry.group;
    let paragraphs = entry.paragraphs.iter();
    let body: Vec<String> = paragraphs
        .map(|it| wrapped(it, width, "  ", "  "))
        .collect();
    format!("{}  ({group})\n\n{}", entry.word, body.join("\n"))
}

/// All words, by group.
fn list(entries: &[Entry], width: usize) -> String {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries {
        match groups.last_mut() {
            Some((group, words)) if *group == entry.group => words.push(&entry.word),
            _ => groups.push((&entry.group, vec![&entry.word])),
        }
    }
    let texts = groups.iter().map(|(group, words)| {
        format!("{group}\n{}", wrapped(&words.join(", "), width, "  ", "  "))
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
