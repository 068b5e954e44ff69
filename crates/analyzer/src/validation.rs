//! `ValidatePolicy`.

use mastic_api_iam::accessanalyzer::types::{
    Locale, PolicyType, ValidatePolicyRequest, ValidatePolicyResourceType as On, ValidatePolicyResponse,
};
use mastic_core::Fault;

use crate::faults::validation;
use crate::page::page;
use crate::validate::{Kind, validate};

fn kind(input: &ValidatePolicyRequest) -> Result<Kind, Fault> {
    let on = input.validate_policy_resource_type;
    match (input.policy_type, on) {
        (Some(PolicyType::ResourcePolicy), Some(on)) => Ok(match on {
            On::AwsS3Bucket => Kind::Bucket,
            On::AwsIamAssumeRolePolicyDocument => Kind::Trust,
            On::AwsS3AccessPoint => Kind::Typed("S3 Access Point", "s3"),
            On::AwsS3MultiRegionAccessPoint => Kind::Typed("S3 Multi-Region Access Point", "s3"),
            On::AwsS3ObjectLambdaAccessPoint => {
                Kind::Typed("S3 Object Lambda Access Point", "s3-object-lambda")
            }
            On::AwsDynamoDBTable => Kind::Typed("DynamoDB Table", "dynamodb"),
        }),
        (_, Some(_)) => {
            Err(validation("validatePolicyResourceType is only supported for policyType RESOURCE_POLICY."))
        }
        (Some(PolicyType::IdentityPolicy), None) => Ok(Kind::Identity),
        (Some(PolicyType::ServiceControlPolicy), None) => Ok(Kind::ServiceControl),
        (Some(PolicyType::ResourceControlPolicy), None) => Ok(Kind::ResourceControl),
        (_, None) => Ok(Kind::Resource),
    }
}

pub(crate) fn policy(input: &ValidatePolicyRequest) -> Result<ValidatePolicyResponse, Fault> {
    if let Some(locale) = input.locale.filter(|locale| *locale != Locale::En) {
        return Err(validation(format!(
            "Mastic tells its findings in English only: the locale {} is not supported.",
            locale.as_str()
        )));
    }
    let found = validate(&input.policy_document, kind(input)?);
    let found = found.into_iter().enumerate();
    let (findings, next_token) = page(found, input.max_results, input.next_token.as_deref())?;
    Ok(ValidatePolicyResponse { findings, next_token })
}
