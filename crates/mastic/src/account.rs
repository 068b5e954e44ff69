//! `mastic account`.

use clap::{Args, Subcommand};
use mastic_api_mastic::mastic::op::{CreateAccount, ListAccounts};
use mastic_api_mastic::mastic::types::{AccountStatus, CreateAccountRequest, ListAccountsRequest};

use crate::failure::Failure;
use crate::home::{Home, Keys};
use crate::remote::Reach;

/// Makes and lists accounts.
#[derive(Args)]
pub struct AccountArguments {
    #[command(subcommand)]
    command: AccountCommand,
}

#[derive(Subcommand)]
enum AccountCommand {
    /// Makes an account; its root keys go to the data directory's credentials file.
    Create {
        /// A name for people.
        name: String,
        /// The twelve digits; chosen at random if not given.
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        reach: Reach,
    },
    /// Lists the accounts: id, kind, state, organization, name.
    List {
        #[command(flatten)]
        reach: Reach,
    },
}

/// `mastic account create|list`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: AccountArguments) -> Result<(), Failure> {
    match arguments.command {
        AccountCommand::Create { name, id, reach } => {
            let output =
                reach.client()?.call::<CreateAccount>(CreateAccountRequest { name, account_id: id }).await?;
            let id = output.account.account_id;
            let keys = Keys {
                access_key_id: output.root_credentials.access_key_id,
                secret_access_key: output.root_credentials.secret_access_key.reveal().clone(),
            };
            match Home::find(&reach.data) {
                Ok(home) => {
                    home.add_keys(&id, &keys)?;
                    println!("{id}");
                    let data = reach.data.display();
                    eprintln!("Its root keys are in {}.", home.credentials_file().display());
                    eprintln!("eval \"$(mastic env --data {data} --account {id})\" uses them.");
                }
                // The server's directory is elsewhere: this is the only time that the keys are shown.
                Err(_) => {
                    println!("{id} {} {}", keys.access_key_id, keys.secret_access_key);
                }
            }
        }
        AccountCommand::List { reach } => {
            let output = reach.client()?.call::<ListAccounts>(ListAccountsRequest {}).await?;
            for account in output.accounts {
                let kind = if account.management { "management" } else { "member" };
                let closed = matches!(account.status, Some(AccountStatus::Suspended));
                let state = if closed { "closed" } else { "active" };
                let organization = account.organization_id.as_deref().unwrap_or("-");
                println!("{}  {kind:10}  {state:6}  {organization:12}  {}", account.account_id, account.name);
            }
        }
    }
    Ok(())
}
