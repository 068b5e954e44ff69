//! Decisions as they are kept and shown: bounded in size, and without what is another account's.

use mastic_core::AccountId;

use crate::Context;
use crate::missing::Missing;
use crate::reasons::{Decision, Miss, PolicyReport};

/// Policies of one decision that are kept.
const POLICIES: usize = 24;

/// Statements of one policy that are kept.
const STATEMENTS: usize = 12;

/// Condition keys that are kept.
const KEYS: usize = 64;

/// Values of one list that are kept, and characters of each.
const VALUES: usize = 8;
const CHARACTERS: usize = 200;

impl Decision {
    /// The decision without what helps nobody, to be kept: statements about other actions are counted only, and
    /// there is a limit to policies, statements and values.
    #[must_use]
    pub fn condensed(mut self) -> Self {
        for policy in &mut self.policies {
            policy.condense();
        }
        if self.policies.len() > POLICIES {
            // A stable sort: those that have something to say stay, in their order.
            self.policies.sort_by_key(|policy| policy.statements.is_empty());
            self.unlisted += self.policies.len() - POLICIES;
            self.policies.truncate(POLICIES);
        }
        self.missing.truncate(POLICIES);
        self
    }

    /// The decision as far as people of `account` may know it: what the statements of another account's policies
    /// say is left out.
    #[must_use]
    pub fn seen_from(mut self, account: &AccountId) -> Self {
        let foreign = |owner: &Option<AccountId>| owner.as_ref().is_some_and(|owner| owner != account);
        for policy in self.policies.iter_mut().filter(|policy| foreign(&policy.label.account)) {
            policy.withheld = true;
            policy.statements.retain(|statement| statement.matched());
            for statement in &mut policy.statements {
                statement.sid = None;
            }
        }
        for missing in &mut self.missing {
            if let Missing::Deny { policy, sid, .. } = missing
                && foreign(&policy.account)
            {
                *sid = None;
            }
        }
        self
    }
}

impl Context {
    /// The context bounded in size, to be kept.
    #[must_use]
    pub fn condensed(&self) -> Self {
        let mut kept = Self::new();
        for (key, values) in self.iter().take(KEYS) {
            let mut values = values.to_vec();
            shorten(&mut values);
            kept.set_all(key, values);
        }
        kept
    }
}

impl PolicyReport {
    fn condense(&mut self) {
        let all = self.statements.len();
        self.statements.retain(|statement| statement.miss != Some(Miss::Action));
        if self.statements.len() > STATEMENTS {
            self.statements.sort_by_key(|statement| !statement.matched());
            self.statements.truncate(STATEMENTS);
            self.statements.sort_by_key(|statement| statement.index);
        }
        self.unlisted += all - self.statements.len();
        for statement in &mut self.statements {
            match &mut statement.miss {
                Some(Miss::Resource { wanted, .. } | Miss::Principal { wanted, .. }) => shorten(wanted),
                Some(Miss::Condition { wanted, actual, .. }) => {
                    shorten(wanted);
                    shorten(actual);
                }
                Some(Miss::Action) | None => {}
            }
        }
    }
}

/// Cuts a list and its values to what is kept.
fn shorten(values: &mut Vec<String>) {
    if values.len() > VALUES {
        let more = values.len() - VALUES + 1;
        values.truncate(VALUES - 1);
        values.push(format!("{more} more"));
    }
    for value in values {
        if let Some((end, _)) = value.char_indices().nth(CHARACTERS) {
            value.truncate(end);
            value.push('…');
        }
    }
}
