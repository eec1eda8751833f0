//! The words of a query, each with its place.

use kubeproof_contract::Decimal;

use super::SqlError;

/// A place in the text: line and column, from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    line: usize,
    column: usize,
}

impl Place {
    /// An error of the query here.
    pub(super) fn error(self, message: impl std::fmt::Display) -> SqlError {
        SqlError::Invalid(format!("{message} at [{}:{}]", self.line, self.column))
    }

    /// What is valid and not simulated.
    pub(super) fn not_simulated(self, what: impl std::fmt::Display) -> SqlError {
        self.error(format!("not simulated: {what}"))
    }
}

/// What a word is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name.
    Word(String),
    /// A name in backticks, which is never a keyword.
    Quoted(String),
    /// A text literal.
    Text(String),
    Number(Decimal),
    /// `@name`.
    Parameter(String),
    Sign(&'static str),
    End,
}

/// A word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) place: Place,
}

impl Token {
    /// As messages show it.
    pub(super) fn shown(&self) -> String {
        match &self.kind {
            Kind::Word(word) => match word.to_uppercase() {
                upper if is_keyword(&upper) => format!("keyword {upper}"),
                _ => format!("identifier \"{word}\""),
            },
            Kind::Quoted(name) => format!("identifier `{name}`"),
            Kind::Text(text) => format!("string literal \"{text}\""),
            Kind::Number(number) => format!("literal {number}"),
            Kind::Parameter(name) => format!("\"@{name}\""),
            Kind::Sign(sign) => format!("\"{sign}\""),
            Kind::End => "end of script".to_owned(),
        }
    }

    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(&self.kind, Kind::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

/// Signs, the longer ones first.
const SIGNS: &[&str] = &[
    "<=", ">=", "<>", "!=", "(", ")", ",", ".", ";", "=", "<", ">", "+", "-", "*", "/",
];

/// Reserved words: they are no names unless they are quoted.
const RESERVED: &[&str] = &[
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DESC",
    "DISTINCT",
    "EXISTS",
    "EXCEPT",
    "FALSE",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "QUALIFY",
    "RIGHT",
    "SELECT",
    "STRUCT",
    "TRUE",
    "UNION",
    "UNNEST",
    "USING",
    "WHERE",
    "WINDOW",
    "WITH",
];

/// Whether a word in capital letters is reserved.
pub(super) fn is_keyword(upper: &str) -> bool {
    RESERVED.contains(&upper)
}

/// The words of a text, and an end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SqlError> {
    let mut reader = Reader {
        rest: text,
        place: Place { line: 1, column: 1 },
    };
    let mut all = Vec::new();
    while let Some(token) = reader.next()? {
        all.push(token);
    }
    let place = reader.place;
    all.push(Token {
        kind: Kind::End,
        place,
    });
    Ok(all)
}

struct Reader<'t> {
    rest: &'t str,
    place: Place,
}

impl<'t> Reader<'t> {
    /// Takes the first so many bytes.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        for c in taken.chars() {
            if c == '\n' {
                self.place.line += 1;
                self.place.column = 1;
            } else {
                self.place.column += 1;
            }
        }
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, fits: impl Fn(char) -> bool) -> &'t str {
        let end = self.rest.find(|c| !fits(c)).unwrap_or(self.rest.len());
        self.take(end)
    }

    fn skip(&mut self) {
        // Each round takes something.
        loop {
            let taken = if self.rest.starts_with("--") || self.rest.starts_with('#') {
                self.take_while(|c| c != '\n')
            } else {
                self.take_while(char::is_whitespace)
            };
            if taken.is_empty() {
                return;
            }
        }
    }

    fn next(&mut self) -> Result<Option<Token>, SqlError> {
        self.skip();
        let place = self.place;
        let Some(first) = self.rest.chars().next() else {
            return Ok(None);
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let kind = match first {
            '`' => Kind::Quoted(self.quoted('`')?),
            '\'' | '"' => Kind::Text(self.quoted(first)?),
            '@' => {
                self.take(1);
                Kind::Parameter(self.take_while(is_word).to_owned())
            }
            c if c.is_ascii_digit() => {
                let digits = self.take_while(|c| c.is_ascii_digit() || c == '.');
                let number = digits.parse();
                Kind::Number(number.map_err(|_| place.error("Syntax error: Invalid number"))?)
            }
            c if is_word(c) => Kind::Word(self.take_while(is_word).to_owned()),
            _ => {
                let mut signs = SIGNS.iter();
                let found = signs.find(|sign| self.rest.starts_with(**sign));
                let illegal = format!("Syntax error: Illegal input character \"{first}\"");
                let sign = found.ok_or_else(|| place.error(illegal))?;
                self.take(sign.len());
                Kind::Sign(sign)
            }
        };
        Ok(Some(Token { kind, place }))
    }

    /// A text in quotes. A backslash takes the next letter as it is, except `\n`.
    fn quoted(&mut self, quote: char) -> Result<String, SqlError> {
        let place = self.place;
        self.take(1);
        let mut text = String::new();
        let mut is_escaped = false;
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if is_escaped => {
                    text.push(if c == 'n' { '\n' } else { c });
                    is_escaped = false;
                }
                '\\' => is_escaped = true,
                '\n' if quote != '`' => break,
                _ if c == quote => {
                    self.take(at + 1);
                    return Ok(text);
                }
                _ => text.push(c),
            }
        }
        Err(place.error("Syntax error: Unclosed string literal"))
    }
}
