//! Values of a scenario that are checked as they are read, so that the error carries line and column.

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

    #[test]
    fn a_value_that_does_not_fit_is_in_the_message() {
        let unless = |fits| ValueError::unless(fits, 7, |value| format!("not {value}"));
        assert_eq!(unless(true), Ok(7));
        assert_eq!(unless(false), ValueError::refuse("not 7"));
    }
}
