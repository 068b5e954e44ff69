//! IAM, STS and the account service, served in one process.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod decisions;
#[cfg(test)]
mod details;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod house;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod last_accessed;
#[cfg(test)]
mod linked;
#[cfg(test)]
mod people;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod profiles;
#[cfg(test)]
mod roles;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod simulate;
#[cfg(test)]
mod users;
