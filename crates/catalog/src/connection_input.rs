//! Whether a connection can be made as it is given ("ConnectionInput" in the AWS Glue Web API Reference).

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    AuthenticationConfiguration, AuthenticationConfigurationInput, ConnectionInput, ConnectionType,
    OAuth2Properties, OAuth2PropertiesInput,
};
use mastic_core::Fault;

use crate::errors;

/// The types of applications that are reached over the internet: they are known by their authentication.
const APPLICATIONS: &[&str] = &[
    "SALESFORCE",
    "GOOGLEADS",
    "GOOGLESHEETS",
    "GOOGLEANALYTICS4",
    "SERVICENOW",
    "MARKETO",
    "SAPODATA",
    "ZENDESK",
    "JIRACLOUD",
    "NETSUITEERP",
    "HUBSPOT",
    "FACEBOOKADS",
    "INSTAGRAMADS",
    "ZOHOCRM",
    "SALESFORCEPARDOT",
    "SALESFORCEMARKETINGCLOUD",
    "ADOBEANALYTICS",
    "SLACK",
    "LINKEDIN",
    "MIXPANEL",
    "ASANA",
    "STRIPE",
    "SMARTSHEET",
    "DATADOG",
    "WOOCOMMERCE",
    "INTERCOM",
    "SNAPCHATADS",
    "PAYPAL",
    "QUICKBOOKS",
    "FACEBOOKPAGEINSIGHTS",
    "FRESHDESK",
    "TWILIO",
    "DOCUSIGNMONITOR",
    "FRESHSALES",
    "ZOOM",
    "GOOGLESEARCHCONSOLE",
    "SALESFORCECOMMERCECLOUD",
    "SAPCONCUR",
    "DYNATRACE",
    "MICROSOFTDYNAMIC365FINANCEANDOPS",
    "MICROSOFTTEAMS",
    "BLACKBAUDRAISEREDGENXT",
    "MAILCHIMP",
    "GITLAB",
    "PENDO",
    "PRODUCTBOARD",
    "CIRCLECI",
    "PIPEDIVE",
    "SENDGRID",
];

/// Checks what a type demands.
///
/// # Errors
/// `InvalidInputException`. AWS does not tell which property is missing.
pub(crate) fn check(input: &ConnectionInput) -> Result<(), Fault> {
    let Some(kind) = input.connection_type else {
        return Err(errors::invalid("ConnectionType cannot be null"));
    };
    if let Some(given) = &input.authentication_configuration {
        no_credentials(given)?;
    }
    let properties = Properties(&input.connection_properties);
    let complete = match kind {
        ConnectionType::Sftp => return Err(errors::invalid("Connection type SFTP is not supported.")),
        ConnectionType::Jdbc => {
            let placed =
                properties.has(&["JDBC_CONNECTION_URL"]) || properties.has(&["HOST", "PORT", "JDBC_ENGINE"]);
            placed && (properties.has_login() || authenticated(input))
        }
        ConnectionType::Mongodb => {
            properties.has(&["CONNECTION_URL"]) && (properties.has_login() || authenticated(input))
        }
        ConnectionType::Kafka => properties.has(&["KAFKA_BOOTSTRAP_SERVERS"]),
        ConnectionType::Custom | ConnectionType::Marketplace => {
            properties.has(&["CONNECTOR_URL", "CONNECTOR_TYPE", "CONNECTOR_CLASS_NAME"])
        }
        ConnectionType::Network if input.physical_connection_requirements.is_none() => {
            return Err(errors::invalid("PhysicalConnectionRequirements cannot be null"));
        }
        kind if APPLICATIONS.contains(&kind.as_str()) && !authenticated(input) => {
            return Err(errors::invalid("[ConnectionInput.AuthenticationConfiguration is required.]"));
        }
        _ => true,
    };
    if complete { Ok(()) } else { Err(errors::invalid("Validation for connection properties failed")) }
}

fn authenticated(input: &ConnectionInput) -> bool {
    input.authentication_configuration.is_some()
}

struct Properties<'a>(&'a BTreeMap<String, String>);

impl Properties<'_> {
    fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.contains_key(*name))
    }

    fn has_login(&self) -> bool {
        self.has(&["SECRET_ID"])
            || self.has(&["USERNAME", "PASSWORD"])
            || self.has(&["USERNAME", "ENCRYPTED_PASSWORD"])
    }
}

/// AWS makes a secret of Secrets Manager of credentials that come with the request; here there is none.
pub(crate) fn no_credentials(given: &AuthenticationConfigurationInput) -> Result<(), Fault> {
    let oauth = given.o_auth2_properties.as_ref();
    let members = [
        ("BasicAuthenticationCredentials", given.basic_authentication_credentials.is_some()),
        ("CustomAuthenticationCredentials", given.custom_authentication_credentials.is_some()),
        ("OAuth2Credentials", oauth.is_some_and(|oauth| oauth.o_auth2_credentials.is_some())),
        (
            "AuthorizationCodeProperties",
            oauth.is_some_and(|oauth| oauth.authorization_code_properties.is_some()),
        ),
    ];
    match members.into_iter().find(|(_, there)| *there) {
        Some((member, _)) => Err(errors::not_supported(&format!("{member}: name a secret by SecretArn"))),
        None => Ok(()),
    }
}

/// An authentication as answers show it.
pub(crate) fn authentication(input: AuthenticationConfigurationInput) -> AuthenticationConfiguration {
    AuthenticationConfiguration {
        authentication_type: input.authentication_type,
        secret_arn: input.secret_arn,
        kms_key_arn: input.kms_key_arn,
        o_auth2_properties: input.o_auth2_properties.map(oauth),
    }
}

fn oauth(input: OAuth2PropertiesInput) -> OAuth2Properties {
    OAuth2Properties {
        o_auth2_grant_type: input.o_auth2_grant_type,
        o_auth2_client_application: input.o_auth2_client_application,
        token_url: input.token_url,
        token_url_parameters_map: input.token_url_parameters_map,
    }
}
