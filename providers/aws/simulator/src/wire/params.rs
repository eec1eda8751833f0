//! Parameters of query-protocol requests: `Filter.1.Value.2=x` as a map with list access.
//!
//! EC2 flattens lists (`SubnetId.1`); the other query services put `member` in between.

use std::collections::BTreeMap;

use crate::wire::error::AwsError;

/// The most elements of one list that are read: AWS accepts far fewer.
const LIST_MAX: usize = 1000;

/// Flat parameters of one request.
#[derive(Clone, Debug, Default)]
pub struct Params {
    map: BTreeMap<String, String>,
}

impl Params {
    /// Reads a form body or a query string.
    pub fn read(form: &[u8]) -> Self {
        let mut map = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(form).into_owned() {
            // REST lists repeat their key (`tagKeys=a&tagKeys=b`): later values become `key.1`, ….
            let free = (1..=LIST_MAX).map(|n| format!("{key}.{n}"));
            let repeated = map
                .contains_key(&key)
                .then(|| free.into_iter().find(|k| !map.contains_key(k)));
            map.insert(repeated.flatten().unwrap_or(key), value);
        }
        Self { map }
    }

    /// All parameters, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.map
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.map.get(name).map(String::as_str)
    }

    /// The value of a required parameter.
    ///
    /// # Errors
    /// `MissingParameter`, in AWS's wording.
    pub fn need(&self, name: &str) -> Result<&str, AwsError> {
        self.get(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| {
                AwsError::new(
                    400,
                    "MissingParameter",
                    format!("The request must contain the parameter {name}"),
                )
            })
    }

    /// A boolean parameter; absent is `None`.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value == "true")
    }

    /// An integer parameter.
    ///
    /// # Errors
    /// `InvalidParameterValue` when it is not a number.
    pub fn number(&self, name: &str) -> Result<Option<i64>, AwsError> {
        self.get(name)
            .map(|text| {
                text.parse().map_err(|_| {
                    AwsError::new(
                        400,
                        "InvalidParameterValue",
                        format!("Value ({text}) for parameter {name} is invalid."),
                    )
                })
            })
            .transpose()
    }

    /// The values of `prefix.1`, `prefix.2`, … (or `prefix.member.1`, …).
    pub fn list(&self, prefix: &str) -> Vec<String> {
        (1..=LIST_MAX)
            .map_while(|n| {
                self.get(&format!("{prefix}.{n}"))
                    .or_else(|| self.get(&format!("{prefix}.member.{n}")))
            })
            .map(str::to_owned)
            .collect()
    }

    /// The structures under `prefix.1.`, `prefix.2.`, … (or `prefix.member.1.`, …), each as parameters
    /// of its own.
    pub fn structs(&self, prefix: &str) -> Vec<Self> {
        (1..=LIST_MAX)
            .map_while(|n| {
                let plain = self.under(&format!("{prefix}.{n}."));
                if plain.map.is_empty() {
                    let member = self.under(&format!("{prefix}.member.{n}."));
                    (!member.map.is_empty()).then_some(member)
                } else {
                    Some(plain)
                }
            })
            .collect()
    }

    /// All parameters below `prefix`, without the prefix.
    pub fn under(&self, prefix: &str) -> Self {
        let map = self
            .map
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, value)| (key[prefix.len()..].to_owned(), value.clone()))
            .collect();
        Self { map }
    }

    /// These parameters, with those of `over` in place of their own: a structure that both have is `over`'s.
    #[must_use]
    pub fn with(&self, over: &Self) -> Self {
        let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
        let replaced: Vec<String> = over.map.keys().map(|name| first(name)).collect();
        let kept = self
            .map
            .iter()
            .filter(|(name, _)| !replaced.contains(&first(name)));
        let map = kept
            .chain(&over.map)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        Self { map }
    }

    /// The same parameters, each below `prefix`.
    #[must_use]
    pub fn prefixed(&self, prefix: &str) -> Self {
        let all = self.map.iter();
        let map = all.map(|(name, value)| (format!("{prefix}{name}"), value.clone()));
        Self { map: map.collect() }
    }

    /// These parameters and one more, if there is a value.
    #[must_use]
    pub fn with_one(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.map.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// These parameters without one of them.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.map.remove(name);
        self
    }

    /// Key and value pairs of a tag list under `prefix` (`Tag`, `Tags`).
    pub fn tags(&self, prefix: &str) -> BTreeMap<String, String> {
        self.structs(prefix)
            .iter()
            .filter_map(|tag| {
                Some((
                    tag.get("Key")?.to_owned(),
                    tag.get("Value").unwrap_or_default().to_owned(),
                ))
            })
            .collect()
    }

    /// EC2's filters: name → values.
    pub fn filters(&self) -> Vec<(String, Vec<String>)> {
        self.structs("Filter")
            .iter()
            .filter_map(|filter| Some((filter.get("Name")?.to_owned(), filter.list("Value"))))
            .collect()
    }

    /// EC2's `TagSpecification.N` for one resource type.
    pub fn tag_specification(&self, resource_type: &str) -> BTreeMap<String, String> {
        self.structs("TagSpecification")
            .iter()
            .filter(|specification| specification.get("ResourceType") == Some(resource_type))
            .flat_map(|specification| specification.tags("Tag"))
            .collect()
    }

    /// The canonical text of all other parameters: for comparing two requests with one token.
    pub fn fingerprint(&self, without: &[&str]) -> String {
        self.map
            .iter()
            .filter(|(key, _)| !without.contains(&key.as_str()))
            .map(|(key, value)| format!("{key}={value}&"))
            .collect()
    }
}
