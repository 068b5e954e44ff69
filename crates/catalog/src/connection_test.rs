//! `TestConnection`: a connection of the catalog, or one that is only thought of, is connected to.

use std::collections::BTreeMap;

use mastic_api_glue::glue::types::{
    AuthenticationConfigurationInput, ConnectionType, TestConnectionInput, TestConnectionRequest,
    TestConnectionResponse,
};
use mastic_core::{Fault, Secret};
use mastic_kernel::ports::ConnectionFacts;
use mastic_kernel::{Access, Call, Ctx, Need};

use crate::place::Place;
use crate::{connection_input, connections, errors};

const ACTION: &str = "glue:TestConnection";

/// A connection of the catalog needs the connection and the catalog, one that is only thought of its type.
pub(crate) fn may_test(call: &Call, input: &TestConnectionRequest) -> Result<Access, Fault> {
    let catalog_id = input.catalog_id.as_deref();
    if let Some(name) = &input.connection_name {
        return connections::needs(call, ACTION, catalog_id, &[name]).map(Access::All);
    }
    let kind = input.test_connection_input.as_ref().and_then(|input| input.connection_type);
    let kind = kind.map_or("*", |kind| kind.as_str());
    let arn = Place::of_account(call, catalog_id)?.arn(&format!("connectionType:{kind}"));
    Ok(Access::All(vec![Need::new(ACTION, arn)]))
}

pub(crate) async fn test(ctx: Ctx, input: TestConnectionRequest) -> Result<TestConnectionResponse, Fault> {
    let facts = match (input.connection_name, input.test_connection_input) {
        (Some(name), None) => connections::facts(&ctx, input.catalog_id.as_deref(), &name)?,
        (None, Some(input)) => given(input)?,
        _ => {
            return Err(errors::invalid(
                "Exactly one of ConnectionName and TestConnectionInput must be given.",
            ));
        }
    };
    let reached = [ConnectionType::Jdbc, ConnectionType::Postgresql, ConnectionType::Mysql];
    if reached.iter().all(|kind| kind.as_str() != facts.connection_type) {
        return Err(errors::invalid(format!(
            "Connections of type {} cannot be tested: TestConnection is for JDBC, POSTGRESQL and MYSQL.",
            facts.connection_type
        )));
    }
    ctx.kernel().connection_tests()?.test(&ctx, facts).await?;
    Ok(TestConnectionResponse {})
}

fn given(input: TestConnectionInput) -> Result<ConnectionFacts, Fault> {
    let mut properties = input.connection_properties;
    let secret_arn = match input.authentication_configuration {
        Some(authentication) => authenticate(&mut properties, authentication)?,
        None => None,
    };
    let kind = input.connection_type.ok_or_else(|| errors::invalid("ConnectionType cannot be null"))?;
    Ok(ConnectionFacts {
        connection_type: kind.as_str().to_owned(),
        properties: Secret::new(properties),
        secret_arn,
    })
}

/// Nothing of a test is kept, so that credentials may come with it. What is left is a secret's ARN.
fn authenticate(
    properties: &mut BTreeMap<String, String>,
    mut authentication: AuthenticationConfigurationInput,
) -> Result<Option<String>, Fault> {
    if let Some(basic) = authentication.basic_authentication_credentials.take() {
        if let Some(user) = basic.username {
            properties.insert("USERNAME".to_owned(), user);
        }
        if let Some(password) = basic.password {
            properties.insert("PASSWORD".to_owned(), password.reveal().clone());
        }
    }
    connection_input::no_credentials(&authentication)?;
    Ok(authentication.secret_arn)
}
