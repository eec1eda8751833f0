//! Values that the cluster blocks of several providers have.

use ipnet::Ipv4Net;

use crate::checked;
use crate::checked::ValueError;

/// The shortest prefix of a network that a caller can come from.
const PREFIX_MIN: u8 = 8;

checked!(
    /// The name of a region or instance type. The default names none.
    #[derive(Default)]
    Word(String) from String, "String", "String",
    |text| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        let fits = (1..=64).contains(&text.len()) && text.chars().all(allowed);
        ValueError::unless(fits, text, |text| format!(
            "`{text}` is no name of a region or instance type: lower-case letters, digits, _ and -"
        ))
    },
    |text| text
);

checked!(
    /// A Kubernetes version of two numbers. The default is none.
    #[derive(Default)]
    KubernetesVersion(String) from String, "String", "String",
    |text| {
        let parts = text.split_once('.');
        let fits =
            parts.is_some_and(|(major, minor)| major == "1" && minor.parse::<u8>().is_ok());
        ValueError::unless(fits, text, |text| format!(
            "`{text}` is no Kubernetes version such as \"1.34\" (write it in quotes)"
        ))
    },
    |text| text
);

checked!(
    /// An IPv4 network from which callers come: not the whole internet.
    #[derive(Copy, Default)]
    CallerNetwork(Ipv4Net) from String, "String", "String",
    |text| match text.parse::<Ipv4Net>() {
        Ok(network) if network.prefix_len() >= PREFIX_MIN => Ok(network),
        Ok(_) => ValueError::refuse(format!(
            "`{text}` is half of the internet: say from where you come"
        )),
        Err(_) => ValueError::refuse(format!(
            "`{text}` is no IPv4 network such as 198.51.100.7/32"
        )),
    },
    |network| network.to_string()
);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check<T: TryFrom<String, Error = ValueError>>(text: &str, expected: Option<&str>) {
        let seen = T::try_from(text.to_owned())
            .err()
            .map(|error| error.to_string());
        match (&seen, expected) {
            (None, None) => {}
            (Some(error), Some(part)) => assert!(error.contains(part), "{error}"),
            _ => panic!("{text}: {seen:?}"),
        }
    }

    #[test]
    fn names_versions_and_networks_are_checked() {
        check::<Word>("gpu_1x_a10", None);
        check::<Word>("A10", Some("no name of a region or instance type"));
        check::<Word>("", Some("no name of a region or instance type"));
        check::<Word>(&"a".repeat(65), Some("no name"));
        check::<KubernetesVersion>("1.34", None);
        for wrong in ["one", "1", "2.1", "1.34.1", "1.x"] {
            check::<KubernetesVersion>(wrong, Some("no Kubernetes version such as"));
        }
        check::<CallerNetwork>("198.51.100.7/32", None);
        check::<CallerNetwork>("10.0.0.0/8", None);
        check::<CallerNetwork>("0.0.0.0/0", Some("half of the internet"));
        check::<CallerNetwork>("here", Some("no IPv4 network such as"));
    }
}
