//! How verdicts are written for people: a symbol and a word, readable without colour. The same in every format.

use kubeproof_contract::check::Verdict;

/// All verdicts, worst first.
pub const VERDICTS: [Verdict; 5] = [
    Verdict::Fail,
    Verdict::Unknown,
    Verdict::Pending,
    Verdict::Pass,
    Verdict::Skipped,
];

/// One character for a verdict.
pub fn symbol(verdict: Verdict) -> char {
    match verdict {
        Verdict::Pass => '✓',
        Verdict::Fail => '✗',
        Verdict::Unknown => '?',
        Verdict::Pending => '…',
        Verdict::Skipped => '–',
    }
}

/// Symbol and word: `✓ pass`.
pub fn word(verdict: Verdict) -> String {
    format!("{} {verdict}", symbol(verdict))
}

/// A number of things: `1 orphan`, `2 orphans`.
pub fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Text of a record made safe to show on one line: [`printable`], with runs of spaces made one.
pub fn clean(text: &str) -> String {
    printable(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Text with each control character, and each character that hides or reorders text, replaced by a space: a message may
/// quote a cloud or a program under test. Other spaces stay as they are.
pub fn printable(text: &str) -> String {
    let hides = |c: char| {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2069}');
        c.is_control() || invisible || matches!(c, '\u{2028}'..='\u{202e}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if hides(c) { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_a_symbol_and_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = VERDICTS.into_iter().map(word).collect();
        let symbols: std::collections::BTreeSet<_> = VERDICTS.into_iter().map(symbol).collect();
        assert_eq!((words.len(), symbols.len()), (5, 5));
    }

    #[test]
    fn only_pass_is_written_with_the_word_or_symbol_of_pass() {
        for verdict in VERDICTS
            .into_iter()
            .filter(|verdict| *verdict != Verdict::Pass)
        {
            let text = word(verdict);
            assert!(!text.contains("pass") && !text.contains('✓'), "{text}");
        }
    }

    #[test]
    fn terminal_escapes_and_line_breaks_in_a_message_become_spaces() {
        assert_eq!(clean("a\u{1b}[31mb\r\nc\td\u{202e}e"), "a [31mb c d e");
    }
}
