//! What an account demands of its users' passwords ("Set an account password policy for IAM users").

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::{Ctx, Identity, Need};
use mastic_store::{Keyspace, ReadTx, Record, StoreError};
use serde::{Deserialize, Serialize};
use std::time::Duration;

use crate::faults::{denied, no_such};

/// The shortest password that a policy without a length of its own takes.
const SHORTEST: i32 = 6;

/// The shortest password where there is no policy, and of the root user.
const SHORTEST_BY_DEFAULT: i32 = 8;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// An account's own policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PasswordPolicy {
    length: i32,
    symbols: bool,
    numbers: bool,
    uppercase: bool,
    lowercase: bool,
    pub(crate) users_may_change: bool,
    /// Days.
    age: Option<i32>,
    /// How many of the last passwords cannot be used again.
    pub(crate) remembered: Option<i32>,
    hard_expiry: Option<bool>,
}

impl Record for PasswordPolicy {
    const VERSION: u16 = 1;
}

const POLICIES: Keyspace<AccountId, PasswordPolicy> = Keyspace::new("iam.password_policy");

/// Characters that count as symbols.
fn symbol(letter: char) -> bool {
    "!@#$%^&*()_+-=[]{}|'".contains(letter)
}

/// The policy of an account, if it has one.
pub(crate) fn find(tx: &ReadTx<'_>, account: &AccountId) -> Result<Option<PasswordPolicy>, StoreError> {
    POLICIES.get(tx, account)
}

fn violation(text: impl Into<String>) -> Fault {
    Fault::sender("PasswordPolicyViolation", text)
}

/// A password that must not come again.
pub(crate) fn used_before() -> Fault {
    violation("Policy constraint violation with password reuse prevention during password change.")
}

fn length(password: &str, least: i32) -> Result<(), Fault> {
    if password.chars().count() < usize::try_from(least).unwrap_or(0) {
        return Err(violation(format!("Password should have a minimum length of {least}")));
    }
    Ok(())
}

impl PasswordPolicy {
    fn check(&self, password: &str) -> Result<(), Fault> {
        length(password, self.length)?;
        let has = |kind: fn(char) -> bool| password.chars().any(kind);
        let rules = [
            (self.symbols, has(symbol), "symbol"),
            (self.numbers, has(|letter| letter.is_ascii_digit()), "number"),
            (self.uppercase, has(|letter| letter.is_ascii_uppercase()), "uppercase letter"),
            (self.lowercase, has(|letter| letter.is_ascii_lowercase()), "lowercase letter"),
        ];
        match rules.iter().find(|(wanted, there, _)| *wanted && !there) {
            Some((.., kind)) => Err(violation(format!("Password should have at least one {kind}"))),
            None => Ok(()),
        }
    }

    /// When a password set at `changed` stops being good.
    pub(crate) fn expires(&self, changed: Timestamp) -> Option<Timestamp> {
        let days = u32::try_from(self.age?).ok()?;
        Some(changed.plus(DAY * days))
    }

    /// Whether who lets a password expire needs an administrator.
    pub(crate) fn hard_expiry(&self) -> bool {
        self.hard_expiry.unwrap_or(false)
    }
}

/// Refuses a password that the account's policy does not take; without a policy, and for the root user,
/// what AWS demands of everybody.
pub(crate) fn check(
    policy: Option<&PasswordPolicy>,
    account: &AccountId,
    password: &str,
) -> Result<(), Fault> {
    if let Some(policy) = policy {
        return policy.check(password);
    }
    length(password, SHORTEST_BY_DEFAULT)?;
    let kinds: [fn(char) -> bool; 4] = [
        |letter| letter.is_ascii_uppercase(),
        |letter| letter.is_ascii_lowercase(),
        |letter| letter.is_ascii_digit(),
        |letter| !letter.is_alphanumeric(),
    ];
    if kinds.iter().filter(|kind| password.chars().any(**kind)).count() < 3 {
        return Err(violation(
            "Password should have at least three of: uppercase letters, lowercase letters, numbers, symbols",
        ));
    }
    if password == account.as_str() {
        return Err(violation("Password should not be the name of the account"));
    }
    Ok(())
}

pub(crate) async fn update(ctx: Ctx, input: t::UpdateAccountPasswordPolicyRequest) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    let policy = PasswordPolicy {
        length: input.minimum_password_length.unwrap_or(SHORTEST),
        symbols: input.require_symbols.unwrap_or(false),
        numbers: input.require_numbers.unwrap_or(false),
        uppercase: input.require_uppercase_characters.unwrap_or(false),
        lowercase: input.require_lowercase_characters.unwrap_or(false),
        users_may_change: input.allow_users_to_change_password.unwrap_or(false),
        age: input.max_password_age,
        remembered: input.password_reuse_prevention,
        hard_expiry: input.hard_expiry,
    };
    ctx.write(move |tx| Ok(POLICIES.put(tx, &account, &policy)?)).await
}

pub(crate) async fn get(ctx: Ctx, (): ()) -> Result<t::GetAccountPasswordPolicyResponse, Fault> {
    let account = ctx.account()?;
    let policy = ctx.read(|tx| find(tx, account))?;
    let granted = policy.as_ref().is_some_and(|policy| policy.users_may_change);
    granted_or(&ctx, granted, Need::new("iam:GetAccountPasswordPolicy", "*"))?;
    let policy = policy
        .ok_or_else(|| no_such(format!("The Password Policy with domain name {account} cannot be found.")))?;
    Ok(t::GetAccountPasswordPolicyResponse {
        password_policy: t::PasswordPolicy {
            minimum_password_length: Some(policy.length),
            require_symbols: Some(policy.symbols),
            require_numbers: Some(policy.numbers),
            require_uppercase_characters: Some(policy.uppercase),
            require_lowercase_characters: Some(policy.lowercase),
            allow_users_to_change_password: Some(policy.users_may_change),
            expire_passwords: Some(policy.age.is_some()),
            max_password_age: policy.age,
            password_reuse_prevention: policy.remembered,
            hard_expiry: policy.hard_expiry,
        },
    })
}

/// Asks for a permission that `AllowUsersToChangePassword` gives to every user of the account: only an
/// explicit denial takes it away then.
pub(crate) fn granted_or(ctx: &Ctx, granted: bool, need: Need) -> Result<(), Fault> {
    match ctx.authorize(&[need]) {
        Err(fault)
            if granted
                && matches!(ctx.caller().identity, Identity::User { .. })
                && fault.code() == "AccessDeniedException"
                && !fault.message().contains("explicit deny") =>
        {
            Ok(())
        }
        Err(fault) if fault.code() == "AccessDeniedException" => Err(denied(fault.message())),
        outcome => outcome,
    }
}

pub(crate) async fn delete(ctx: Ctx, (): ()) -> Result<(), Fault> {
    let account = ctx.account()?.clone();
    ctx.write(move |tx| {
        if POLICIES.delete(tx, &account)? {
            return Ok(());
        }
        Err(no_such("The account policy with name PasswordPolicy cannot be found."))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(policy: Option<&PasswordPolicy>, password: &str) -> Option<String> {
        let account = "111122223333".parse().unwrap();
        check(policy, &account, password).err().map(|fault| fault.message().to_owned())
    }

    #[test]
    fn without_a_policy_aws_s_own_rules_hold() {
        assert_eq!(text(None, "Aa1-567").as_deref(), Some("Password should have a minimum length of 8"));
        assert!(text(None, "aaaa1111").unwrap().contains("three of"));
        assert_eq!(text(None, "aaaa111-"), None);
        assert_eq!(text(None, "Aaaa1111"), None);
    }

    #[test]
    fn every_rule_counts() {
        let lax = PasswordPolicy {
            length: 6,
            symbols: false,
            numbers: false,
            uppercase: false,
            lowercase: false,
            users_may_change: false,
            age: Some(2),
            remembered: None,
            hard_expiry: None,
        };
        assert_eq!(text(Some(&lax), "aaaaaa"), None);
        let fails = |change: fn(&mut PasswordPolicy), password, expected: &str| {
            let mut policy = lax.clone();
            change(&mut policy);
            let expected = format!("Password should have {expected}");
            assert_eq!(text(Some(&policy), password), Some(expected));
        };
        fails(|policy| policy.length = 10, "aaaaaaaaa", "a minimum length of 10");
        fails(|policy| policy.symbols = true, "aaaaaa?", "at least one symbol");
        fails(|policy| policy.numbers = true, "aaaaaa", "at least one number");
        fails(|policy| policy.uppercase = true, "aaaaaa", "at least one uppercase letter");
        fails(|policy| policy.lowercase = true, "AAAAAA", "at least one lowercase letter");
        let at = Timestamp::from_secs(1000);
        assert_eq!(lax.expires(at), Some(Timestamp::from_secs(1000 + 2 * 86_400)));
        assert_eq!(PasswordPolicy { age: None, ..lax }.expires(at), None);
    }
}
