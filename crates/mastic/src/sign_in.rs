//! `mastic sign-in`: session credentials for a person, as shell commands.

use clap::Args;
use console::Term;
use mastic_api_mastic::mastic::op::SignIn;
use mastic_api_mastic::mastic::types::SignInRequest;
use mastic_client::ClientError;
use mastic_core::Secret;

use crate::failure::Failure;
use crate::remote::Reach;

/// Signs in with a password, and prints what a shell needs to act as that person: eval "$(mastic sign-in ...)".
/// Without a terminal, password, MFA code and new password are read from standard input, a line each.
#[derive(Args)]
pub struct SignInArguments {
    /// The account's id or alias.
    #[arg(long)]
    account: String,
    /// The user's name, or root.
    #[arg(long)]
    user: String,
    #[command(flatten)]
    reach: Reach,
}

/// Where answers come from: a terminal that does not show them, or standard input.
struct Questions {
    terminal: Option<Term>,
}

impl Questions {
    fn new() -> Self {
        let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
        // Standard output is for the shell.
        Self { terminal: terminal.then(Term::stderr) }
    }

    /// One line; nothing at the end of the input.
    fn ask(&self, question: &str, secret: bool) -> Result<Option<String>, Failure> {
        let line = match &self.terminal {
            Some(terminal) => {
                terminal.write_str(question)?;
                if secret { terminal.read_secure_line()? } else { terminal.read_line()? }
            }
            None => {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line)?;
                line
            }
        };
        let line = line.trim_end_matches(['\r', '\n']);
        Ok((!line.is_empty()).then(|| line.to_owned()))
    }
}

/// `mastic sign-in`.
#[expect(clippy::print_stdout, reason = "its output is the command's purpose")]
pub async fn run(arguments: SignInArguments) -> Result<(), Failure> {
    let questions = Questions::new();
    let empty = || Failure::Usage("a password is needed".to_owned());
    let password = questions.ask("Password: ", true)?.ok_or_else(empty)?;
    let code = questions.ask("MFA code (empty without a device): ", false)?;
    let request = |new: Option<String>| SignInRequest {
        account: arguments.account.clone(),
        user_name: arguments.user.clone(),
        password: Secret::new(password.clone()),
        mfa_code: code.clone().map(Secret::new),
        new_password: new.map(Secret::new),
    };
    let client = arguments.reach.stranger()?;
    let mut answer = client.call::<SignIn>(request(None)).await;
    if matches!(&answer, Err(ClientError::Service { code, .. }) if code == "PasswordResetRequiredException") {
        let new = questions.ask("The password must be changed. New password: ", true)?.ok_or_else(empty)?;
        if questions.terminal.is_some() && questions.ask("Once more: ", true)?.as_ref() != Some(&new) {
            return Err(Failure::Usage("the two passwords are not the same".to_owned()));
        }
        answer = client.call::<SignIn>(request(Some(new))).await;
    }
    let answer = answer?;
    let credentials = answer.credentials;
    println!("export AWS_ENDPOINT_URL={}", client.endpoint());
    println!("export AWS_DEFAULT_REGION={}", client.region());
    println!("export AWS_REGION={}", client.region());
    println!("export AWS_ACCESS_KEY_ID={}", credentials.access_key_id);
    println!("export AWS_SECRET_ACCESS_KEY='{}'", credentials.secret_access_key.reveal());
    println!("export AWS_SESSION_TOKEN='{}'", credentials.session_token.reveal());
    println!("unset AWS_PROFILE");
    eprintln!("Signed in as {} until {}.", answer.arn, credentials.expiration);
    Ok(())
}
