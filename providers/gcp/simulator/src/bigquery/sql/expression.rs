//! Reads expressions, from the operators that bind least to those that bind most.

use super::SqlError;
use super::parse::Parser;
use super::syntax::{Expression, Kind, Operator};
use super::token::{self, Place};

fn at(place: Place, kind: Kind) -> Expression {
    Expression { kind, place }
}

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    let place = left.place;
    at(
        place,
        Kind::Binary(operator, Box::new(left), Box::new(right)),
    )
}

const COMPARISONS: &[(&str, Operator)] = &[
    ("=", Operator::Equal),
    ("!=", Operator::Unequal),
    ("<>", Operator::Unequal),
    ("<=", Operator::LessOrEqual),
    ("<", Operator::Less),
    (">=", Operator::GreaterOrEqual),
    (">", Operator::Greater),
];

impl Parser {
    /// An expression.
    pub(super) fn expression(&mut self) -> Result<Expression, SqlError> {
        self.deeper(|parser| {
            let mut left = parser.conjunction()?;
            while parser.takes("OR") {
                left = binary(Operator::Or, left, parser.conjunction()?);
            }
            Ok(left)
        })
    }

    fn conjunction(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.negation()?;
        while self.takes("AND") {
            left = binary(Operator::And, left, self.negation()?);
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, SqlError> {
        let place = self.place();
        if self.takes("NOT") {
            let inner = self.deeper(Self::negation)?;
            return Ok(at(place, Kind::Not(Box::new(inner))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Expression, SqlError> {
        let left = self.sum()?;
        let place = left.place;
        if self.takes("IS") {
            let is_not = self.takes("NOT");
            self.keyword("NULL")?;
            return Ok(at(place, Kind::IsNull(Box::new(left), is_not)));
        }
        let is_not = self.next().is("NOT");
        if is_not {
            self.skip();
        }
        let found = if self.takes("IN") {
            self.one_of(left)?
        } else if self.takes("LIKE") {
            binary(Operator::Like, left, self.sum()?)
        } else if self.takes("BETWEEN") {
            let least = self.sum()?;
            self.keyword("AND")?;
            let most = self.sum()?;
            let from = binary(Operator::GreaterOrEqual, left.clone(), least);
            binary(
                Operator::And,
                from,
                binary(Operator::LessOrEqual, left, most),
            )
        } else if is_not {
            return Err(self.unexpected("keyword IN or keyword LIKE"));
        } else {
            let mut comparisons = COMPARISONS.iter();
            let found = comparisons.find(|(sign, _)| self.takes_sign(sign));
            return match found {
                Some((_, operator)) => Ok(binary(*operator, left, self.sum()?)),
                None => Ok(left),
            };
        };
        if is_not {
            return Ok(at(place, Kind::Not(Box::new(found))));
        }
        Ok(found)
    }

    /// `IN (a, b)`: equal to one of them.
    fn one_of(&mut self, left: Expression) -> Result<Expression, SqlError> {
        self.sign("(")?;
        if self.next().is("SELECT") {
            return Err(self.place().not_simulated("a query in IN"));
        }
        let mut any = binary(Operator::Equal, left.clone(), self.expression()?);
        while self.takes_sign(",") {
            let next = binary(Operator::Equal, left.clone(), self.expression()?);
            any = binary(Operator::Or, any, next);
        }
        self.sign(")")?;
        Ok(any)
    }

    fn sum(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.product()?;
        // Each round takes a term.
        loop {
            let operator = if self.takes_sign("+") {
                Operator::Plus
            } else if self.takes_sign("-") {
                Operator::Minus
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Result<Expression, SqlError> {
        let mut left = self.signed()?;
        // Each round takes a factor.
        loop {
            let operator = if self.takes_sign("*") {
                Operator::Times
            } else if self.takes_sign("/") {
                Operator::Over
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.signed()?);
        }
    }

    fn signed(&mut self) -> Result<Expression, SqlError> {
        let place = self.place();
        if self.takes_sign("-") {
            let inner = self.deeper(Self::signed)?;
            return Ok(at(place, Kind::Negative(Box::new(inner))));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expression, SqlError> {
        let token = self.next().clone();
        let place = token.place;
        let kind = match token.kind {
            token::Kind::Number(number) => Kind::Number(number),
            token::Kind::Text(text) => Kind::Text(text),
            token::Kind::Parameter(name) => Kind::Parameter(name),
            token::Kind::Sign("(") => {
                self.skip();
                if self.next().is("SELECT") {
                    let inner = self.deeper(Self::inner)?;
                    return Ok(at(place, Kind::Scalar(Box::new(inner))));
                }
                let inner = self.expression()?;
                self.sign(")")?;
                return Ok(inner);
            }
            token::Kind::Word(ref word) => return self.word(word, place),
            token::Kind::Quoted(_) => return self.path(place),
            token::Kind::Sign(_) | token::Kind::End => {
                return Err(self.unexpected("an expression"));
            }
        };
        self.skip();
        Ok(at(place, kind))
    }

    /// What begins with a word: a literal, a call, or a column.
    fn word(&mut self, word: &str, place: Place) -> Result<Expression, SqlError> {
        let second = self.second().kind.clone();
        let kind = match (word.to_uppercase().as_str(), second) {
            ("NULL", _) => Kind::Null,
            ("TRUE", _) => Kind::Bool(true),
            ("FALSE", _) => Kind::Bool(false),
            ("TIMESTAMP", token::Kind::Text(text)) => {
                self.skip();
                Kind::Time(text)
            }
            ("DATE" | "NUMERIC" | "DATETIME", token::Kind::Text(_)) => {
                return Err(place.not_simulated(format!("a {word} literal")));
            }
            ("EXISTS", _) => {
                self.skip();
                self.sign("(")?;
                let inner = self.deeper(Self::inner)?;
                return Ok(at(place, Kind::Exists(Box::new(inner))));
            }
            ("CAST", _) => return self.cast(place),
            (upper, _) if token::is_keyword(upper) => {
                return Err(self.unexpected("an expression"));
            }
            (_, token::Kind::Sign("(")) => return self.call(word, place),
            _ => return self.path(place),
        };
        self.skip();
        Ok(at(place, kind))
    }

    fn cast(&mut self, place: Place) -> Result<Expression, SqlError> {
        self.skip();
        self.sign("(")?;
        let inner = self.expression()?;
        self.keyword("AS")?;
        let of = self.name()?;
        self.sign(")")?;
        Ok(at(place, Kind::Cast(Box::new(inner), of.to_uppercase())))
    }

    fn call(&mut self, name: &str, place: Place) -> Result<Expression, SqlError> {
        self.skip();
        self.sign("(")?;
        let mut arguments = Vec::new();
        let star = self.place();
        if self.takes_sign("*") {
            arguments.push(at(star, Kind::All));
        } else if !matches!(self.next().kind, token::Kind::Sign(")")) {
            arguments.push(self.expression()?);
            while self.takes_sign(",") {
                arguments.push(self.expression()?);
            }
        }
        self.sign(")")?;
        if self.next().is("OVER") {
            return Err(self.place().not_simulated("OVER"));
        }
        Ok(at(place, Kind::Call(name.to_uppercase(), arguments)))
    }

    fn path(&mut self, place: Place) -> Result<Expression, SqlError> {
        let mut parts = vec![self.name()?];
        while self.takes_sign(".") {
            // After a dot, a keyword is a name.
            let token::Kind::Word(word) = &self.next().kind else {
                parts.push(self.name()?);
                continue;
            };
            parts.push(word.clone());
            self.skip();
        }
        Ok(at(place, Kind::Path(parts)))
    }
}
