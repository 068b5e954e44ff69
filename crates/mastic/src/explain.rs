//! `mastic explain`.

use clap::Args;
use mastic_api_mastic::mastic::op::ExplainRequest;
use mastic_api_mastic::mastic::types::ExplainRequestRequest;
use mastic_shape::Shape;

use crate::failure::Failure;
use crate::remote::Reach;

/// The longest request or decision id; what is longer is an encoded message.
const LONGEST_ID: usize = 128;

/// Tells why a call was denied, and what would allow it.
#[derive(Args)]
pub struct ExplainArguments {
    /// The call's request id, a decision's id, or an encoded authorization message. SDKs have the request id in every
    /// error, the AWS CLI shows it with `--debug`; the others are headers of the answer. Without one, the last call of
    /// the account that was denied.
    call: Option<String>,
    /// A job run or crawl: tells of all its calls that were denied, together.
    #[arg(long, conflicts_with = "call")]
    run: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reach: Reach,
}

/// `mastic explain`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: ExplainArguments) -> Result<(), Failure> {
    let (encoded_message, request_id) = match arguments.call {
        Some(text) if text.len() > LONGEST_ID => (Some(text), None),
        other => (None, other),
    };
    let input = ExplainRequestRequest { request_id, encoded_message, run_id: arguments.run };
    let output = arguments.reach.client()?.call::<ExplainRequest>(input).await?;
    if arguments.json {
        println!("{}", json(output)?);
    } else {
        println!("{}", output.text.trim_end());
    }
    Ok(())
}

/// An answer as JSON for programs.
pub fn json(output: impl Shape) -> Result<String, Failure> {
    serde_json::to_string_pretty(&output.into_value())
        .map_err(|error| Failure::Usage(format!("the answer has no JSON form: {error}")))
}
