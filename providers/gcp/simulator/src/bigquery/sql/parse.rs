//! Reads the clauses of a query.

use super::SqlError;
use super::syntax::{Expression, From, Inner, Item, Join, Query, Unnest};
use super::token::{Kind, Place, Token, is_keyword, tokens};

/// Clauses and joins that exist and are not simulated.
const NOT_SIMULATED: &[&str] = &[
    "CASE",
    "DISTINCT",
    "EXCEPT",
    "FULL",
    "HAVING",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "JOIN",
    "OFFSET",
    "OVER",
    "QUALIFY",
    "RIGHT",
    "STRUCT",
    "TABLESAMPLE",
    "UNION",
    "USING",
    "WINDOW",
    "WITH",
    "ALL",
    "DECLARE",
    "CREATE",
    "INSERT",
    "DELETE",
    "UPDATE",
    "MERGE",
    "DROP",
];
/// How deep expressions may lie in each other.
const DEPTH_MAX: usize = 60;
/// Most words of a query: a long chain of operators is a deep tree, too.
const WORDS_MAX: usize = 800;

/// Reads tokens one after the other.
pub(super) struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    pub(super) fn new(text: &str) -> Result<Self, SqlError> {
        let tokens = tokens(text)?;
        if let Some(beyond) = tokens.get(WORDS_MAX) {
            let most = format!("a query of more than {WORDS_MAX} words");
            return Err(beyond.place.not_simulated(most));
        }
        Ok(Self {
            tokens,
            at: 0,
            depth: 0,
        })
    }

    /// The next token; the end repeats.
    pub(super) fn next(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    /// The token after the next.
    pub(super) fn second(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub(super) fn place(&self) -> Place {
        self.next().place
    }

    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Takes this keyword, if it is next.
    pub(super) fn takes(&mut self, keyword: &str) -> bool {
        let found = self.next().is(keyword);
        self.at += usize::from(found);
        found
    }

    /// Takes this sign, if it is next.
    pub(super) fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(&self.next().kind, Kind::Sign(next) if *next == sign);
        self.at += usize::from(found);
        found
    }

    pub(super) fn keyword(&mut self, keyword: &str) -> Result<(), SqlError> {
        if self.takes(keyword) {
            return Ok(());
        }
        Err(self.unexpected(&format!("keyword {keyword}")))
    }

    pub(super) fn sign(&mut self, sign: &str) -> Result<(), SqlError> {
        if self.takes_sign(sign) {
            return Ok(());
        }
        Err(self.unexpected(&format!("\"{sign}\"")))
    }

    /// The error that the next token is: a syntax error, or something that is not simulated.
    pub(super) fn unexpected(&self, expected: &str) -> SqlError {
        let next = self.next();
        if let Kind::Word(word) = &next.kind {
            let upper = word.to_uppercase();
            if NOT_SIMULATED.contains(&upper.as_str()) {
                return next.place.not_simulated(upper);
            }
        }
        let found = next.shown();
        next.place
            .error(format!("Syntax error: Expected {expected} but got {found}"))
    }

    /// Reads something that lies inside of something else: not too deep.
    pub(super) fn deeper<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, SqlError>,
    ) -> Result<T, SqlError> {
        if self.depth >= DEPTH_MAX {
            return Err(self.place().error("The query is too complex"));
        }
        self.depth += 1;
        let outcome = read(self);
        self.depth -= 1;
        outcome
    }

    /// A whole query.
    pub(super) fn query(mut self) -> Result<Query, SqlError> {
        self.keyword("SELECT")?;
        let mut items = vec![self.item()?];
        while self.takes_sign(",") {
            items.push(self.item()?);
        }
        let from = if self.takes("FROM") {
            Some(self.from()?)
        } else {
            None
        };
        let filter = self.filter()?;
        let mut groups = Vec::new();
        if self.takes("GROUP") {
            self.keyword("BY")?;
            groups.push(self.expression()?);
            while self.takes_sign(",") {
                groups.push(self.expression()?);
            }
        }
        let mut order = Vec::new();
        if self.takes("ORDER") {
            self.keyword("BY")?;
            order.push(self.ordered()?);
            while self.takes_sign(",") {
                order.push(self.ordered()?);
            }
        }
        let limit = self.limit()?;
        self.takes_sign(";");
        if self.next().kind != Kind::End {
            return Err(self.unexpected("end of input"));
        }
        Ok(Query {
            items,
            from,
            filter,
            groups,
            order,
            limit,
        })
    }

    fn ordered(&mut self) -> Result<(Expression, bool), SqlError> {
        let expression = self.expression()?;
        let is_descending = self.takes("DESC");
        if !is_descending {
            self.takes("ASC");
        }
        Ok((expression, is_descending))
    }

    fn item(&mut self) -> Result<Item, SqlError> {
        if self.takes_sign("*") {
            return Err(self.place().not_simulated("SELECT *"));
        }
        let expression = self.expression()?;
        let alias = self.alias()?;
        Ok(Item { expression, alias })
    }

    /// `AS name`, or a name alone.
    fn alias(&mut self) -> Result<Option<String>, SqlError> {
        if self.takes("AS") {
            return self.name().map(Some);
        }
        let is_name = match &self.next().kind {
            Kind::Quoted(_) => true,
            Kind::Word(word) => {
                let upper = word.to_uppercase();
                !is_keyword(&upper) && !NOT_SIMULATED.contains(&upper.as_str())
            }
            _ => false,
        };
        if is_name {
            self.name().map(Some)
        } else {
            Ok(None)
        }
    }

    /// A name that is no keyword.
    pub(super) fn name(&mut self) -> Result<String, SqlError> {
        let name = match &self.next().kind {
            Kind::Quoted(name) => name.clone(),
            Kind::Word(word) if !is_keyword(&word.to_uppercase()) => word.clone(),
            _ => return Err(self.unexpected("an identifier")),
        };
        self.skip();
        Ok(name)
    }

    /// The name of a table: in backticks as a whole or in parts, or plain parts without dashes.
    fn table(&mut self) -> Result<String, SqlError> {
        let mut parts = vec![self.name()?];
        while self.takes_sign(".") {
            parts.push(self.name()?);
        }
        Ok(parts.join("."))
    }

    fn from(&mut self) -> Result<From, SqlError> {
        if self.next().is("UNNEST") {
            return Err(self.place().not_simulated("FROM UNNEST without a table"));
        }
        if matches!(self.next().kind, Kind::Sign("(")) {
            return Err(self.place().not_simulated("a query in FROM"));
        }
        let table = self.table()?;
        let alias = self.alias()?;
        let mut joins = Vec::new();
        // Each round takes a join.
        loop {
            let is_left = self.next().is("LEFT");
            if self.takes_sign(",") {
            } else if self.takes("CROSS") {
                self.keyword("JOIN")?;
            } else if self.takes("LEFT") {
                self.takes("OUTER");
                self.keyword("JOIN")?;
            } else {
                break;
            }
            let unnest = self.unnest()?;
            let on = if is_left && self.takes("ON") {
                Some(self.expression()?)
            } else {
                None
            };
            joins.push(Join {
                unnest,
                is_left,
                on,
            });
        }
        Ok(From {
            table,
            alias,
            joins,
        })
    }

    fn unnest(&mut self) -> Result<Unnest, SqlError> {
        if !self.next().is("UNNEST") {
            return Err(self.place().not_simulated("a second table"));
        }
        self.skip();
        self.sign("(")?;
        let column = self.expression()?;
        self.sign(")")?;
        let alias = self.alias()?;
        Ok(Unnest { column, alias })
    }

    fn filter(&mut self) -> Result<Option<Expression>, SqlError> {
        if self.takes("WHERE") {
            return self.expression().map(Some);
        }
        Ok(None)
    }

    fn limit(&mut self) -> Result<Option<usize>, SqlError> {
        if !self.takes("LIMIT") {
            return Ok(None);
        }
        let Kind::Number(number) = self.next().kind else {
            return Err(self.unexpected("an integer"));
        };
        let count = usize::try_from(number).ok();
        let count = count.ok_or_else(|| self.place().error("LIMIT must be an integer"))?;
        self.skip();
        Ok(Some(count))
    }

    /// The rest of a query over a repeated column, from `SELECT` to its closing parenthesis.
    pub(super) fn inner(&mut self) -> Result<Inner, SqlError> {
        self.keyword("SELECT")?;
        let select = self.expression()?;
        self.alias()?;
        self.keyword("FROM")?;
        let from = self.unnest()?;
        let filter = self.filter()?;
        let limit = self.limit()?;
        self.sign(")")?;
        Ok(Inner {
            select,
            from,
            filter,
            limit,
        })
    }
}
