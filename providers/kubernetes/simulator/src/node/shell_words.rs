//! Splits a script of the interpreted subset of shell into commands and words.

use crate::node::shell::Word;

/// Splits a script into commands and their words. Only `;` and line ends separate commands.
pub(crate) fn split(script: &str) -> Result<Vec<Vec<Vec<Word>>>, ()> {
    let mut commands: Vec<Vec<Vec<Word>>> = vec![Vec::new()];
    let mut word: Option<Vec<Word>> = None;
    let mut letters = script.chars().peekable();
    let mut quote = None;
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                let word = word.get_or_insert_default();
                if word.is_empty() {
                    word.push(Word::Plain(String::new()));
                }
            }
            // Without quotes a shell would split the value into words.
            (Some('"'), '$') => {
                let braced = letters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(letter) =
                    letters.next_if(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                {
                    name.push(letter);
                }
                if name.is_empty() || (braced && letters.next() != Some('}')) {
                    return Err(());
                }
                word.get_or_insert_default().push(Word::Variable(name));
            }
            (None, ' ' | '\t' | ';' | '\n') => {
                if let (Some(word), Some(command)) = (word.take(), commands.last_mut()) {
                    command.push(word);
                }
                if matches!(letter, ';' | '\n') {
                    commands.push(Vec::new());
                }
            }
            (
                None,
                '$' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '\\' | '*' | '?' | '#' | '~' | '=',
            )
            | (Some('"'), '`' | '\\') => return Err(()),
            (_, letter) => push(word.get_or_insert_default(), letter),
        }
    }
    if quote.is_some() {
        return Err(());
    }
    if let (Some(word), Some(command)) = (word, commands.last_mut()) {
        command.push(word);
    }
    Ok(commands)
}

fn push(word: &mut Vec<Word>, letter: char) {
    match word.last_mut() {
        Some(Word::Plain(text)) => text.push(letter),
        _ => word.push(Word::Plain(letter.to_string())),
    }
}
