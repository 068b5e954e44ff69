//! Crawler definitions: `CreateCrawler` to `BatchGetCrawlers`.

mod check;
mod targets;

use std::sync::Arc;

use mastic_api_glue::glue::{op, types::*};
use mastic_core::{Arn, Fault, Timestamp};
use mastic_kernel::{Access, Ctx, Need, Registry, tags};
use mastic_store::ReadTx;

use crate::definition::key;
use crate::records::{CRAWLERS, CRAWLS, CrawlerRecord, NameKey};
use crate::{Jobs, access, crawler_schedule, history, page};

impl Jobs {
    pub(crate) fn register_crawlers(self: &Arc<Self>, registry: &mut Registry) {
        registry.on::<op::CreateCrawler, _, _>(
            |call, input| {
                let access = access::with_tags(Need::new("glue:CreateCrawler", "*"), input.tags.as_ref());
                access::with_role(call, access, Some(&input.role))
            },
            |ctx, input| async move { create(&ctx, input).await },
        );
        registry.on::<op::UpdateCrawler, _, _>(
            |call, input| {
                let access = access::crawler(call, "UpdateCrawler", &input.name)?;
                access::with_role(call, access, input.role.as_deref())
            },
            |ctx, input| async move { update(&ctx, input).await },
        );
        registry.on::<op::DeleteCrawler, _, _>(
            |call, input| access::crawler(call, "DeleteCrawler", &input.name),
            |ctx, input| async move { delete(&ctx, input).await },
        );
        registry.on::<op::GetCrawler, _, _>(
            |call, input| access::crawler(call, "GetCrawler", &input.name),
            |ctx, input| async move {
                let found = get(&ctx, &input.name)?.ok_or_else(|| missing(&input.name))?;
                Ok(GetCrawlerResponse { crawler: Some(found) })
            },
        );
        registry.on::<op::GetCrawlers, _, _>(
            |_, _| Ok(access::any("GetCrawlers")),
            |ctx, input| async move {
                let limit = page::limit(input.max_results, 1000);
                let (crawlers, next_token) =
                    list(&ctx, input.next_token.as_deref(), limit, |tx, at, record| {
                        Ok(Some(history::shown(tx, record, at, ctx.now())?))
                    })?;
                Ok(GetCrawlersResponse { crawlers: Some(crawlers), next_token })
            },
        );
        registry.on::<op::ListCrawlers, _, _>(
            |_, _| Ok(access::any("ListCrawlers")),
            |ctx, input| async move {
                let limit = page::limit(input.max_results, 1000);
                let wanted = input.tags.unwrap_or_default();
                let (names, next_token) =
                    list(&ctx, input.next_token.as_deref(), limit, |tx, (_, _, name), _| {
                        let arn = access::crawler_arn(ctx.call(), name)?;
                        Ok(access::carries(tx, &arn, &wanted)?.then(|| name.clone()))
                    })?;
                Ok(ListCrawlersResponse { crawler_names: Some(names), next_token })
            },
        );
        registry.on::<op::BatchGetCrawlers, _, _>(
            |_, _| Ok(Access::PerEntry),
            |ctx, input| async move {
                let needs = input.crawler_names.iter().map(|name| {
                    Ok(Need::new("glue:BatchGetCrawlers", access::crawler_arn(ctx.call(), name)?.as_str()))
                });
                ctx.authorize(&needs.collect::<Result<Vec<_>, Fault>>()?)?;
                let mut crawlers = Vec::new();
                let mut crawlers_not_found = Vec::new();
                for name in input.crawler_names {
                    match get(&ctx, &name)? {
                        Some(crawler) => crawlers.push(crawler),
                        None => crawlers_not_found.push(name),
                    }
                }
                Ok(BatchGetCrawlersResponse {
                    crawlers: Some(crawlers),
                    crawlers_not_found: Some(crawlers_not_found),
                })
            },
        );
    }
}

pub(crate) fn missing(name: &str) -> Fault {
    Fault::sender("EntityNotFoundException", format!("Crawler entry with name {name} does not exist"))
}

pub(crate) fn running(name: &str) -> Fault {
    Fault::sender("CrawlerRunningException", format!("Crawler with name {name} has already started"))
}

fn get(ctx: &Ctx, name: &str) -> Result<Option<Crawler>, Fault> {
    let (at, now) = (key(ctx, name)?, ctx.now());
    ctx.read(|tx| CRAWLERS.get(tx, &at)?.map(|record| history::shown(tx, record, &at, now)).transpose())
}

pub(crate) fn list<T>(
    ctx: &Ctx,
    token: Option<&str>,
    limit: usize,
    mut keep: impl FnMut(&ReadTx<'_>, &NameKey, CrawlerRecord) -> Result<Option<T>, Fault>,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let (account, region, _) = key(ctx, "")?;
    ctx.read(|tx| {
        let range = page::after(CRAWLERS.prefix((account.as_str(), region.as_str())), token)?;
        page::take(&CRAWLERS, CRAWLERS.scan(tx, range), limit, |at, record| keep(tx, at, record))
    })
}

fn pass_role(ctx: &Ctx, role: &str, crawler: &str) -> Result<Arn, Fault> {
    let source = access::crawler_arn(ctx.call(), crawler)?;
    access::pass_role(ctx, role, &source, |_| {
        check::invalid("Service is unable to assume provided role. Please verify role's TrustPolicy")
    })
}

async fn create(ctx: &Ctx, input: CreateCrawlerRequest) -> Result<CreateCrawlerResponse, Fault> {
    let now = ctx.now();
    let crawler = Crawler {
        name: Some(input.name.clone()),
        role: Some(access::role_name(&input.role).to_owned()),
        targets: Some(targets::kept(input.targets)),
        database_name: input.database_name.map(|name| name.to_lowercase()),
        description: input.description,
        classifiers: Some(input.classifiers.unwrap_or_default()),
        recrawl_policy: Some(
            input
                .recrawl_policy
                .unwrap_or(RecrawlPolicy { recrawl_behavior: Some(RecrawlBehavior::CrawlEverything) }),
        ),
        schema_change_policy: Some(with_defaults(input.schema_change_policy)),
        lineage_configuration: Some(input.lineage_configuration.unwrap_or(LineageConfiguration {
            crawler_lineage_settings: Some(CrawlerLineageSettings::Disable),
        })),
        state: Some(CrawlerState::Ready),
        table_prefix: input.table_prefix,
        schedule: crawler_schedule::changed(None, input.schedule.as_deref())?,
        crawl_elapsed_time: Some(0),
        creation_time: Some(now),
        last_updated: Some(now),
        last_crawl: None,
        version: Some(1),
        configuration: input.configuration.filter(|text| !text.is_empty()),
        crawler_security_configuration: input.crawler_security_configuration.filter(|text| !text.is_empty()),
        lake_formation_configuration: Some(input.lake_formation_configuration.unwrap_or(
            LakeFormationConfiguration {
                use_lake_formation_credentials: Some(false),
                account_id: Some(String::new()),
            },
        )),
    };
    let given = input.tags.unwrap_or_default();
    tags::check(&given)?;
    let role = pass_role(ctx, &input.role, &input.name)?;
    check::check(ctx, &crawler, None)?;
    let at = key(ctx, &input.name)?;
    let arn = access::crawler_arn(ctx.call(), &input.name)?;
    ctx.write(move |tx| {
        crawler_schedule::enter(tx, &at, crawler.schedule.as_ref(), now)?;
        if !CRAWLERS.insert_new(tx, &at, &CrawlerRecord { crawler, role, crawl_id: None })? {
            return Err(Fault::sender(
                "AlreadyExistsException",
                format!("Crawler with name {} already exists", at.2),
            ));
        }
        Ok(tags::put(tx, &arn, given)?)
    })
    .await?;
    Ok(CreateCrawlerResponse {})
}

fn with_defaults(policy: Option<SchemaChangePolicy>) -> SchemaChangePolicy {
    let policy = policy.unwrap_or_default();
    SchemaChangePolicy {
        update_behavior: Some(policy.update_behavior.unwrap_or(UpdateBehavior::UpdateInDatabase)),
        delete_behavior: Some(policy.delete_behavior.unwrap_or(DeleteBehavior::DeprecateInDatabase)),
    }
}

async fn update(ctx: &Ctx, input: UpdateCrawlerRequest) -> Result<UpdateCrawlerResponse, Fault> {
    let at = key(ctx, &input.name)?;
    let found = ctx.read(|tx| Ok::<_, Fault>(CRAWLERS.get(tx, &at)?))?;
    let mut record = found.ok_or_else(|| missing(&input.name))?;
    let version = record.crawler.version;
    let role = input.role.as_deref().map(|role| pass_role(ctx, role, &input.name)).transpose()?;
    let now = ctx.now();
    let before = record.crawler.clone();
    apply(&mut record.crawler, input.clone(), now)?;
    check::check(ctx, &record.crawler, Some(&before))?;
    ctx.write(move |tx| {
        let mut record = CRAWLERS.get(tx, &at)?.ok_or_else(|| missing(&at.2))?;
        if record.crawler.state != Some(CrawlerState::Ready) {
            let text = "Cannot update Crawler while running. Please stop crawl or wait until it completes to update.";
            return Err(Fault::sender("CrawlerRunningException", text));
        }
        if record.crawler.version != version {
            let text = format!("Crawler with name {} was updated meanwhile", at.2);
            return Err(Fault::sender("VersionMismatchException", text));
        }
        if input.schedule.is_some() {
            let schedule =
                crawler_schedule::changed(record.crawler.schedule.as_ref(), input.schedule.as_deref())?;
            crawler_schedule::enter(tx, &at, schedule.as_ref(), now)?;
        }
        apply(&mut record.crawler, input, now)?;
        record.role = role.unwrap_or(record.role);
        Ok(CRAWLERS.put(tx, &at, &record)?)
    })
    .await?;
    Ok(UpdateCrawlerResponse {})
}

/// Changes what is given.
fn apply(crawler: &mut Crawler, new: UpdateCrawlerRequest, now: Timestamp) -> Result<(), Fault> {
    if let Some(role) = &new.role {
        crawler.role = Some(access::role_name(role).to_owned());
    }
    if new.schedule.is_some() {
        crawler.schedule = crawler_schedule::changed(crawler.schedule.as_ref(), new.schedule.as_deref())?;
    }
    crawler.database_name = new.database_name.map(|n| n.to_lowercase()).or(crawler.database_name.take());
    crawler.description = new.description.or(crawler.description.take());
    crawler.targets = new.targets.map(targets::kept).or(crawler.targets.take());
    crawler.classifiers = new.classifiers.or(crawler.classifiers.take());
    crawler.table_prefix = new.table_prefix.or(crawler.table_prefix.take());
    crawler.configuration =
        new.configuration.or(crawler.configuration.take()).filter(|text| !text.is_empty());
    crawler.recrawl_policy = new.recrawl_policy.or(crawler.recrawl_policy.take());
    crawler.lineage_configuration = new.lineage_configuration.or(crawler.lineage_configuration.take());
    crawler.lake_formation_configuration =
        new.lake_formation_configuration.or(crawler.lake_formation_configuration.take());
    crawler.crawler_security_configuration = new
        .crawler_security_configuration
        .or(crawler.crawler_security_configuration.take())
        .filter(|text| !text.is_empty());
    if let Some(policy) = new.schema_change_policy {
        crawler.schema_change_policy = Some(with_defaults(Some(policy)));
    }
    crawler.last_updated = Some(now);
    crawler.version = crawler.version.map(|version| version + 1);
    Ok(())
}

async fn delete(ctx: &Ctx, input: DeleteCrawlerRequest) -> Result<DeleteCrawlerResponse, Fault> {
    let (at, now) = (key(ctx, &input.name)?, ctx.now());
    let arn = access::crawler_arn(ctx.call(), &input.name)?;
    ctx.write(move |tx| {
        let record = CRAWLERS.get(tx, &at)?.ok_or_else(|| missing(&at.2))?;
        if record.crawler.state != Some(CrawlerState::Ready) {
            return Err(running(&at.2));
        }
        CRAWLERS.delete(tx, &at)?;
        crawler_schedule::enter(tx, &at, None, now)?;
        CRAWLS.clear(tx, CRAWLS.prefix((at.0.as_str(), at.1.as_str(), at.2.as_str())))?;
        Ok(tags::delete(tx, &arn)?)
    })
    .await?;
    Ok(DeleteCrawlerResponse {})
}
