//! Values of a scenario that are checked as they are read, so that the error carries line and column.

use ipnet::Ipv4Net;

/// Why a value cannot be used, and what would be correct.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

impl ValueError {
    /// Refuses a value with this message.
    ///
    /// # Errors
    /// Always.
    pub fn refuse<T>(message: impl Into<String>) -> Result<T, Self> {
        Err(Self(message.into()))
    }

    /// There is nothing of this name; with all names that there are.
    pub fn unknown<'k>(what: &str, name: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let known = known.join(", ");
        Self(format!("unknown {what} `{name}` (expected one of {known})"))
    }

    /// The value if it fits, otherwise the message.
    ///
    /// # Errors
    /// When it does not fit.
    pub fn unless<T>(fits: bool, value: T, message: impl FnOnce(&T) -> String) -> Result<T, Self> {
        if fits {
            Ok(value)
        } else {
            Err(Self(message(&value)))
        }
    }
}

/// An IPv4 network without host bits. The example is shown with what is none.
///
/// # Errors
/// When it is no network, or has host bits: with the network that it would be.
pub fn network(given: &str, example: &str) -> Result<Ipv4Net, ValueError> {
    let Ok(network) = given.parse::<Ipv4Net>() else {
        let message = format!("`{given}` is not an IPv4 network such as {example}");
        return ValueError::refuse(message);
    };
    ValueError::unless(network.trunc() == network, network, |network| {
        let right = network.trunc();
        format!("`{given}` has host bits set; the network is {right}")
    })
}

/// A type for a checked value: `Name(inner) from given, "given", "schema", read, write`. `given` is what the file
/// has, once as a type and once as text; `schema` the type that the JSON schema shows; `read` makes the inner value
/// of it, or a [`ValueError`]; `write` makes it again of the inner value. The crate that uses it needs serde and
/// schemars.
#[macro_export]
macro_rules! checked {
    (
        $(#[$about:meta])*
        $name:ident($inner:ty) from $given:ty, $given_text:tt, $schema:tt, $read:expr, $write:expr
    ) => {
        $(#[$about])*
        #[derive(
            Clone, Debug, PartialEq, Eq, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema,
        )]
        #[serde(try_from = $given_text, into = $given_text)]
        #[schemars(with = $schema)]
        pub struct $name(
            /// The value.
            pub $inner,
        );

        impl TryFrom<$given> for $name {
            type Error = $crate::checked::ValueError;

            fn try_from(given: $given) -> Result<Self, Self::Error> {
                let read: fn($given) -> Result<$inner, $crate::checked::ValueError> = $read;
                read(given).map(Self)
            }
        }

        impl From<$name> for $given {
            fn from(value: $name) -> Self {
                let write: fn($inner) -> $given = $write;
                write(value.0)
            }
        }
    };
}

/// A type for a text that must fit: `Name, |text| bool, "what is wrong with one that does not"`.
#[macro_export]
macro_rules! checked_text {
    ($(#[$about:meta])* $name:ident, $fits:expr, $problem:literal) => {
        $crate::checked!(
            $(#[$about])*
            #[derive(PartialOrd, Ord)]
            $name(String) from String, "String", "String",
            |given| {
                let fits: fn(&str) -> bool = $fits;
                $crate::checked::ValueError::unless(fits(&given), given, |given| {
                    format!("`{given}` {}", $problem)
                })
            },
            |text| text
        );
    };
}

/// A type for a number in a range: `Name, 1..=100, "what is wrong with one outside of it"`.
#[macro_export]
macro_rules! checked_number {
    ($(#[$about:meta])* $name:ident, $range:pat, $problem:literal) => {
        $crate::checked!(
            $(#[$about])*
            #[derive(Copy)]
            $name(u32) from i64, "i64", "u32",
            |given| match u32::try_from(given) {
                Ok(number @ $range) => Ok(number),
                _ => $crate::checked::ValueError::refuse(format!("{given} {}", $problem)),
            },
            i64::from
        );
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    checked!(
        /// An even number.
        Even(u8) from i64, "i64", "u8",
        |given| match u8::try_from(given) {
            Ok(even) if even % 2 == 0 => Ok(even),
            _ => ValueError::refuse(format!("`{given}` is not even")),
        },
        i64::from
    );

    #[test]
    fn a_value_is_checked_as_it_is_read_and_written_as_it_was_given() {
        let check = |json: &str, expected: Result<u8, &str>| {
            let read: Result<Even, _> = serde_json::from_str(json);
            match (read, expected) {
                (Ok(even), Ok(expected)) => {
                    assert_eq!(even, Even(expected));
                    assert_eq!(serde_json::to_string(&even).unwrap(), json);
                }
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
                (read, _) => panic!("{json}: {read:?}"),
            }
        };
        check("4", Ok(4));
        check("3", Err("`3` is not even"));
        check("-2", Err("`-2` is not even"));
        check("\"4\"", Err("invalid type"));
        let schema = schemars::schema_for!(Even).to_value();
        assert_eq!(
            (&schema["type"], &schema["maximum"]),
            (&"integer".into(), &255.into())
        );
    }

    checked_text!(
        /// A word.
        Word,
        |text| text.chars().all(char::is_alphabetic),
        "is no word"
    );

    checked_number!(
        /// A few.
        Few,
        1..=3,
        "is not a few: 1 to 3"
    );

    #[test]
    fn texts_and_numbers_that_do_not_fit_are_refused() {
        let refused = |problem: serde_json::Error| problem.to_string();
        let text = |json: &str| serde_json::from_str::<Word>(json).map_err(refused);
        assert_eq!(text("\"a\""), Ok(Word("a".to_owned())));
        assert_eq!(text("\"1\""), Err("`1` is no word".to_owned()));
        let number = |json: &str| serde_json::from_str::<Few>(json).map_err(refused);
        assert_eq!(number("3"), Ok(Few(3)));
        for outside in ["0", "4", "-1", "4294967297"] {
            let expected = format!("{outside} is not a few: 1 to 3");
            assert_eq!(number(outside), Err(expected));
        }
    }

    #[test]
    fn a_network_has_no_host_bits() {
        let check = |given: &str, expected: Result<&str, &str>| {
            let read = network(given, "10.0.0.0/8").map(|network| network.to_string());
            let read = read.map_err(|error| error.to_string());
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(read, expected);
        };
        check("10.1.0.0/16", Ok("10.1.0.0/16"));
        let right = "`10.1.2.0/16` has host bits set; the network is 10.1.0.0/16";
        check("10.1.2.0/16", Err(right));
        check(
            "10.1",
            Err("`10.1` is not an IPv4 network such as 10.0.0.0/8"),
        );
    }

    #[test]
    fn a_value_that_does_not_fit_is_in_the_message() {
        let unless = |fits| ValueError::unless(fits, 7, |value| format!("not {value}"));
        assert_eq!(unless(true), Ok(7));
        assert_eq!(unless(false), ValueError::refuse("not 7"));
    }
}
