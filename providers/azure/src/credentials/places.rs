//! The places in which credentials are looked for: a `.env` file, the environment, the machine.

use std::path::Path;

use kubeproof_cloudkit::credentials::{EnvFile, Variables};

use super::az_login::AzLogin;
use super::certificate::Certificate;
use super::{
    AUTHORITY, CERTIFICATE, CHOICE, CLIENT, FEDERATED, IDENTITY_ENDPOINT, IDENTITY_HEADER,
    ManagedIdentity, Principal, Proof, SECRET, SUBSCRIPTION, Source, TENANT, TokenError,
};
use crate::routes::AUTHORITY_HOST;

/// The service principal in these variables with what it proves itself by, if they name one completely.
pub(super) fn principal(
    variables: Variables<'_>,
) -> Result<Option<(Source, &'static str)>, TokenError> {
    let filled = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
    let Some((tenant, client)) = filled(TENANT).zip(filled(CLIENT)) else {
        return Ok(None);
    };
    let (proof, what) = if let Some(secret) = filled(SECRET) {
        (Proof::Secret(secret), SECRET)
    } else if let Some(path) = filled(CERTIFICATE) {
        let certificate = Certificate::read(Path::new(&path))?;
        (Proof::Certificate(certificate), CERTIFICATE)
    } else if let Some(path) = filled(FEDERATED) {
        (Proof::TokenFile(path.into()), FEDERATED)
    } else {
        return Ok(None);
    };
    let principal = Principal { tenant, client };
    Ok(Some((Source::Principal(principal, proof), what)))
}

/// All parts are taken from one place: what proves one application is no use to another.
pub(super) fn find_with(
    env_file: &Path,
    variables: Variables<'_>,
) -> Result<(Source, String), TokenError> {
    let file = EnvFile::read(env_file)?;
    let of_file = |name: &str| file.get(name);
    let place = env_file.display().to_string();
    let places = [
        (place.as_str(), &of_file as Variables<'_>),
        ("the environment", variables),
    ];
    for (place, variables) in places {
        if let Some(host) = other_authority(variables) {
            let place = place.to_owned();
            return Err(TokenError::OtherCloud { place, host });
        }
        if let Some(login) = az_login(place, variables)? {
            let source = Source::AzLogin(login);
            return Ok((source, format!("az's log-in ({CHOICE} from {place})")));
        }
        if let Some((source, what)) = principal(variables)? {
            return Ok((source, format!("{what} from {place}")));
        }
    }
    let filled = |name: &str| {
        let found = of_file(name).filter(|value| !value.trim().is_empty());
        found.or_else(|| variables(name).filter(|value| !value.trim().is_empty()))
    };
    let identity = ManagedIdentity {
        client: filled(CLIENT),
        endpoint: filled(IDENTITY_ENDPOINT).zip(filled(IDENTITY_HEADER)),
    };
    let place = match identity.endpoint {
        Some(_) => format!("managed identity ({IDENTITY_ENDPOINT})"),
        None => "managed identity (instance metadata)".to_owned(),
    };
    Ok((Source::ManagedIdentity(identity), place))
}

/// az's log-in, where these variables name it.
fn az_login(place: &str, variables: Variables<'_>) -> Result<Option<AzLogin>, TokenError> {
    let filled = |name: &str| variables(name).filter(|value| !value.trim().is_empty());
    let Some(choice) = filled(CHOICE) else {
        return Ok(None);
    };
    match choice.trim().to_ascii_lowercase().as_str() {
        "azureclicredential" | "dev" => Ok(Some(AzLogin {
            program: "az".into(),
            tenant: filled(TENANT),
            subscription: filled(SUBSCRIPTION),
        })),
        "prod" => Ok(None),
        _ => Err(TokenError::OtherChoice {
            place: place.to_owned(),
            choice,
        }),
    }
}

/// The authority that these variables name, if it is not the public cloud's.
fn other_authority(variables: Variables<'_>) -> Option<String> {
    let named = variables(AUTHORITY).filter(|value| !value.trim().is_empty())?;
    let host = named.trim().trim_start_matches("https://");
    (host.trim_end_matches('/') != AUTHORITY_HOST).then_some(named)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const PEM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/certificate.pem");

    /// The place of the credentials with this `.env` file and these variables.
    fn place(file: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        std::fs::write(&path, file).unwrap();
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        let found = find_with(&path, &lookup).map(|(_, place)| place);
        let shown = path.display().to_string();
        found
            .map(|place| place.replace(&shown, "ENV"))
            .map_err(|error| error.to_string().replace(&shown, "ENV"))
    }

    const WHO: &str = "AZURE_TENANT_ID=t\nAZURE_CLIENT_ID=c\n";
    const PRINCIPAL: [(&str, &str); 3] = [(TENANT, "t"), (CLIENT, "c"), (SECRET, "hush")];

    #[test]
    fn the_file_comes_first_and_a_part_of_it_does_not_count() {
        let check = |file: &str, variables: &[(&str, &str)], expected: &str| {
            assert_eq!(place(file, variables), Ok(expected.to_owned()));
        };
        let whole = format!("{WHO}{SECRET}=s\n");
        check(&whole, &PRINCIPAL, "AZURE_CLIENT_SECRET from ENV");
        check(WHO, &PRINCIPAL, "AZURE_CLIENT_SECRET from the environment");
        let metadata = "managed identity (instance metadata)";
        check(WHO, &[], metadata);
        check("", &[(SECRET, "hush")], metadata);
        check(
            "",
            &[(TENANT, "t"), (CLIENT, " "), (SECRET, "hush")],
            metadata,
        );
        let service = [
            (IDENTITY_ENDPOINT, "http://127.0.0.1:1/t"),
            (IDENTITY_HEADER, "hush"),
        ];
        check("", &service, "managed identity (IDENTITY_ENDPOINT)");
    }

    #[test]
    fn the_log_in_of_az_is_used_only_where_it_is_named() {
        let check = |file: &str, variables: &[(&str, &str)], expected: &str| {
            let seen = place(file, variables).unwrap_or_else(|error| error);
            assert!(seen.contains(expected), "{seen}");
        };
        let metadata = "managed identity (instance metadata)";
        let login = "az's log-in (AZURE_TOKEN_CREDENTIALS from";
        check("", &[], metadata);
        check("", &[(CHOICE, "AzureCliCredential")], login);
        check("", &[(CHOICE, "dev"), PRINCIPAL[0]], login);
        check(
            "AZURE_TOKEN_CREDENTIALS=azureclicredential",
            &PRINCIPAL,
            login,
        );
        check("", &[(CHOICE, "prod")], metadata);
        check("", &[(CHOICE, " ")], metadata);
        // The file comes first.
        let whole = format!("{WHO}{SECRET}=s\n");
        check(&whole, &[(CHOICE, "dev")], "AZURE_CLIENT_SECRET from ENV");
        check(
            "",
            &[(CHOICE, "AzurePowerShellCredential")],
            "the environment is AzurePowerShellCredential: supported are AzureCliCredential",
        );
    }

    #[test]
    fn a_secret_comes_before_a_certificate_and_that_before_a_token_file() {
        let federated = format!("{WHO}{FEDERATED}=/no/such/token\n");
        let certificate = format!("{federated}{CERTIFICATE}={PEM}\n");
        let secret = format!("{certificate}{SECRET}=s\n");
        for (file, expected) in [
            (federated, FEDERATED),
            (certificate, CERTIFICATE),
            (secret, SECRET),
        ] {
            assert_eq!(place(&file, &[]), Ok(format!("{expected} from ENV")));
        }
    }

    #[test]
    fn what_is_broken_is_an_error_that_shows_no_secret() {
        let check = |file: &str, expected: &str| {
            let error = place(file, &[]).unwrap_err();
            assert!(
                error.contains(expected) && !error.contains("hush"),
                "{error}"
            );
        };
        check(
            "AZURE_CLIENT_SECRET='hush\n",
            "the .env file ENV cannot be read",
        );
        check(
            &format!("{WHO}{CERTIFICATE}=/no/such/file\n"),
            "/no/such/file cannot be read",
        );
        check(
            &format!("{WHO}{AUTHORITY}=https://login.chinacloudapi.cn\n"),
            "only the public cloud's authority, https://login.microsoftonline.com, is supported",
        );
        let public = format!("{WHO}{SECRET}=s\n{AUTHORITY}=https://login.microsoftonline.com/\n");
        assert!(place(&public, &[]).is_ok());
        let missing = TokenError::NotFound("no/.env".into()).to_string();
        for named in [TENANT, CLIENT, SECRET, CERTIFICATE, FEDERATED, "no/.env"] {
            assert!(missing.contains(named), "{named} in {missing}");
        }
    }

    #[test]
    fn no_secret_is_shown() {
        let shown = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
            let lookup = |name: &str| variables.get(name).map(|value| (*value).to_owned());
            format!("{:?}", principal(&lookup).unwrap())
        };
        assert!(!shown(&PRINCIPAL).contains("hush"));
        assert!(!shown(&[PRINCIPAL[0], PRINCIPAL[1], (CERTIFICATE, PEM)]).contains("PRIVATE KEY"));
        let identity = ManagedIdentity {
            client: None,
            endpoint: Some(("x".to_owned(), "hush".to_owned())),
        };
        assert!(!format!("{identity:?}").contains("hush"));
    }
}
