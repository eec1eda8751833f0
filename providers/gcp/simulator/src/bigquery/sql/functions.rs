//! The functions that queries may call.

use super::value::Type;

/// A function of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    /// `IFNULL`, `COALESCE`: the first that is not NULL.
    First,
    StartsWith,
    EndsWith,
    Lower,
    Upper,
    Concat,
    Round,
    Cast(Type),
}

/// A function of many rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aggregate {
    Sum,
    /// Of all rows, or of those where the argument is not NULL.
    Count,
    Min,
    Max,
}

/// A function by its name in capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    Row(Function),
    Rows(Aggregate),
}

/// The function of this name, if it is simulated.
pub(super) fn named(name: &str) -> Option<Known> {
    Some(match name {
        "SUM" => Known::Rows(Aggregate::Sum),
        "COUNT" => Known::Rows(Aggregate::Count),
        "MIN" => Known::Rows(Aggregate::Min),
        "MAX" => Known::Rows(Aggregate::Max),
        "IFNULL" | "COALESCE" => Known::Row(Function::First),
        "STARTS_WITH" => Known::Row(Function::StartsWith),
        "ENDS_WITH" => Known::Row(Function::EndsWith),
        "LOWER" => Known::Row(Function::Lower),
        "UPPER" => Known::Row(Function::Upper),
        "CONCAT" => Known::Row(Function::Concat),
        "ROUND" => Known::Row(Function::Round),
        "TIMESTAMP" => Known::Row(Function::Cast(Type::Time)),
        _ => return None,
    })
}

impl Function {
    /// The type of its value for arguments of these types; `None` if it does not take them.
    pub(super) fn result(self, arguments: &[Type]) -> Option<Type> {
        let are_texts = arguments.iter().all(|of| *of == Type::Text);
        match self {
            Self::First => common(arguments),
            Self::StartsWith | Self::EndsWith => {
                (are_texts && arguments.len() == 2).then_some(Type::Bool)
            }
            Self::Lower | Self::Upper => (are_texts && arguments.len() == 1).then_some(Type::Text),
            Self::Concat => (are_texts && !arguments.is_empty()).then_some(Type::Text),
            Self::Round => match arguments {
                [Type::Int] | [Type::Int, Type::Int] => Some(Type::Float),
                [of] | [of, Type::Int] if of.is_number() => Some(*of),
                _ => None,
            },
            Self::Cast(to) => (arguments.len() == 1).then_some(to),
        }
    }
}

impl Aggregate {
    /// The type of its value for an argument of this type; `None` if it does not take it.
    pub(super) fn result(self, argument: Type) -> Option<Type> {
        let is_list = matches!(argument, Type::Record(_) | Type::List(_));
        match self {
            Self::Sum => Some(argument).filter(|of| of.is_number()),
            Self::Count => Some(Type::Int),
            Self::Min | Self::Max => Some(argument).filter(|_| !is_list),
        }
    }
}

/// The type that values of these types have together.
pub(super) fn common(types: &[Type]) -> Option<Type> {
    let (first, rest) = types.split_first()?;
    rest.iter().try_fold(*first, |one, two| match (one, *two) {
        (one, two) if one == two => Some(one),
        (Type::Float, two) if two.is_number() => Some(Type::Float),
        (one, Type::Float) if one.is_number() => Some(Type::Float),
        (one, two) if one.is_number() && two.is_number() => Some(Type::Numeric),
        _ => None,
    })
}
