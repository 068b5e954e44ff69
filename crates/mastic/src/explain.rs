//! `mastic explain`.

use clap::Args;
use mastic_api_mastic::mastic::op::ExplainRequest;
use mastic_api_mastic::mastic::types::ExplainRequestRequest;

use crate::failure::Failure;
use crate::remote::Reach;

/// Tells why a call was allowed or denied.
#[derive(Args)]
pub struct ExplainArguments {
    /// The request id of the call: SDKs have it in every error, the AWS CLI shows it with `--debug`. Without
    /// one, the last call of the account that was denied.
    request_id: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

/// `mastic explain REQUEST-ID`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: ExplainArguments) -> Result<(), Failure> {
    let input = ExplainRequestRequest { request_id: arguments.request_id };
    let output = arguments.reach.client()?.call::<ExplainRequest>(input).await?;
    println!("{}", output.text.trim_end());
    Ok(())
}
