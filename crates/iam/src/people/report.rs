//! The credential report ("Generate credential reports for your AWS account").

use std::time::Duration;

use mastic_api_iam::iam::types as t;
use mastic_core::{AccountId, Fault, Timestamp};
use mastic_kernel::Ctx;
use mastic_shape::Blob;
use mastic_store::{Keyspace, ReadTx, Record};
use serde::{Deserialize, Serialize};

use super::password_policy::{self, PasswordPolicy};
use super::person::Person;
use super::{logins, mfa, signing};
use crate::Iam;
use crate::faults::no_such;
use crate::records::{ACCOUNTS, KEYS, KEYS_USED, USERS};

/// How long a report stands before another one is made.
const FRESH: Duration = Duration::from_secs(4 * 60 * 60);

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
    access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
    access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
    cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

const NONE: &str = "N/A";
const NOT_SUPPORTED: &str = "not_supported";
const NO_INFORMATION: &str = "no_information";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Report {
    content: String,
    generated: Timestamp,
}

impl Record for Report {
    const VERSION: u16 = 1;
}

const REPORTS: Keyspace<AccountId, Report> = Keyspace::new("iam.credential_report");

/// Whom a row is about.
struct Subject {
    person: Person,
    shown: String,
    arn: String,
    created: Timestamp,
    keys: Vec<String>,
}

pub(crate) async fn generate(iam: &Iam, ctx: Ctx) -> Result<t::GenerateCredentialReportResponse, Fault> {
    let (account, now) = (ctx.account()?.clone(), ctx.now());
    let old = ctx.read(|tx| REPORTS.get(tx, &account))?;
    if old.as_ref().is_some_and(|report| now.since(report.generated) < FRESH) {
        return Ok(t::GenerateCredentialReportResponse {
            state: Some(t::ReportStateType::Complete),
            description: None,
        });
    }
    let content = ctx.read(|tx| content(iam, tx, &account))?;
    ctx.write(move |tx| REPORTS.put(tx, &account, &Report { content, generated: now })).await?;
    let description = match old {
        None => "No report exists. Starting a new report generation task",
        Some(_) => "Starting a new report generation task",
    };
    Ok(t::GenerateCredentialReportResponse {
        state: Some(t::ReportStateType::Started),
        description: Some(description.to_owned()),
    })
}

pub(crate) async fn get(ctx: Ctx, (): ()) -> Result<t::GetCredentialReportResponse, Fault> {
    let account = ctx.account()?;
    let gone = |code: &str, text: &str| Fault::sender(code, text).with_status(410);
    let report = ctx.read(|tx| REPORTS.get(tx, account))?.ok_or_else(|| {
        gone("ReportNotPresent", "No report exists. To generate a report, use GenerateCredentialReport.")
    })?;
    if ctx.now().since(report.generated) >= FRESH {
        let text = "The most recent credential report has expired. To generate a new one, use \
                    GenerateCredentialReport.";
        return Err(gone("ReportExpired", text));
    }
    Ok(t::GetCredentialReportResponse {
        content: Some(Blob(report.content.into_bytes())),
        report_format: Some(t::ReportFormatType::TextCsv),
        generated_time: Some(report.generated),
    })
}

/// As `2026-11-21T19:45:00+00:00`.
fn date(at: Timestamp) -> String {
    at.iso8601().replace('Z', "+00:00")
}

fn dated(at: Option<Timestamp>, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.to_owned(), date)
}

fn content(iam: &Iam, tx: &ReadTx<'_>, account: &AccountId) -> Result<String, Fault> {
    let policy = password_policy::find(tx, account)?;
    let record = ACCOUNTS.get(tx, account)?.ok_or_else(|| no_such("There is no such account."))?;
    let root = Subject {
        person: Person::root(),
        shown: "<root_account>".to_owned(),
        arn: format!("arn:aws:iam::{account}:root"),
        created: record.created,
        keys: record.keys,
    };
    let mut lines = vec![HEADER.to_owned(), line(iam, tx, account, policy.as_ref(), &root)?];
    for row in USERS.scan_prefix(tx, (account,)) {
        let user = row?.1;
        let subject = Subject {
            person: Person::of(&user.base),
            shown: user.base.name.clone(),
            arn: user.base.arn(account, "user").to_string(),
            created: user.base.created,
            keys: user.keys,
        };
        lines.push(line(iam, tx, account, policy.as_ref(), &subject)?);
    }
    Ok(lines.join("\n"))
}

fn line(
    iam: &Iam,
    tx: &ReadTx<'_>,
    account: &AccountId,
    policy: Option<&PasswordPolicy>,
    subject: &Subject,
) -> Result<String, Fault> {
    let mut fields = vec![subject.shown.clone(), subject.arn.clone(), date(subject.created)];
    fields.extend(password(tx, account, policy, &subject.person)?);
    fields.push((!mfa::serials(tx, account, &subject.person)?.is_empty()).to_string());
    for place in 0..2 {
        fields.extend(key(iam, tx, subject.keys.get(place))?);
    }
    let certificates = signing::of(tx, account, &subject.person)?;
    for place in 0..2 {
        let certificate = certificates.get(place).map(|(_, certificate)| certificate);
        fields.push(certificate.is_some_and(|certificate| certificate.active).to_string());
        fields.push(dated(certificate.map(|certificate| certificate.uploaded), NONE));
    }
    let quoted = fields.into_iter().map(|field| {
        if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    });
    Ok(quoted.collect::<Vec<_>>().join(","))
}

/// Enabled, last used, last changed, next rotation.
fn password(
    tx: &ReadTx<'_>,
    account: &AccountId,
    policy: Option<&PasswordPolicy>,
    person: &Person,
) -> Result<[String; 4], Fault> {
    let login = logins::find(tx, account, person)?;
    let unsupported = || NOT_SUPPORTED.to_owned();
    let Some(login) = login else {
        let none = || NONE.to_owned();
        return Ok(if person.is_root() {
            [unsupported(), NO_INFORMATION.to_owned(), unsupported(), unsupported()]
        } else {
            ["false".to_owned(), none(), none(), none()]
        });
    };
    let used = dated(login.used, NO_INFORMATION);
    if person.is_root() {
        return Ok([unsupported(), used, unsupported(), unsupported()]);
    }
    let rotation = policy.and_then(|policy| policy.expires(login.changed));
    Ok(["true".to_owned(), used, date(login.changed), dated(rotation, NONE)])
}

/// Active, last rotated, last used: date, region, service.
fn key(iam: &Iam, tx: &ReadTx<'_>, id: Option<&String>) -> Result<[String; 5], Fault> {
    let none = || NONE.to_owned();
    let found = match id {
        Some(id) => KEYS.get(tx, id)?.map(|key| (id, key)),
        None => None,
    };
    let Some((id, key)) = found else { return Ok(["false".to_owned(), none(), none(), none(), none()]) };
    let used = match iam.uses.key(id) {
        Some(used) => Some(used),
        None => KEYS_USED.get(tx, id)?,
    };
    let [at, region, service] = match used {
        Some(used) => [date(used.time), used.region, used.service],
        None => [none(), none(), none()],
    };
    Ok([key.active.to_string(), date(key.created), at, region, service])
}
