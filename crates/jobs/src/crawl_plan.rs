//! `PlanCrawl`: what a crawl would write, found out by a runner that works as the crawler's role and writes nothing.

use std::sync::Arc;

use mastic_api_mastic::mastic::op;
use mastic_api_mastic::mastic::types::{PlanCrawlRequest, PlanCrawlResponse};
use mastic_core::Fault;
use mastic_handoff::{CrawlWork, Plan, PlanOptions};
use mastic_kernel::{Access, Ctx, Need, Registry};

use crate::crawl::{classifiers, execution};
use crate::definition::key;
use crate::records::CRAWLERS;
use crate::{Jobs, access, crawler};

impl Jobs {
    pub(crate) fn register_plans(self: &Arc<Self>, registry: &mut Registry) {
        let jobs = Arc::clone(self);
        registry.on::<op::PlanCrawl, _, _>(
            // A plan makes the role look at data and tells of it: whoever may not start the crawler may not either.
            |call, input| {
                let crawler = access::crawler_arn(call, &input.crawler_name)?;
                Ok(Access::All(vec![
                    Need::new("mastic:PlanCrawl", "*"),
                    Need::new("glue:GetCrawler", crawler.as_str()),
                    Need::new("glue:StartCrawler", crawler.as_str()),
                ]))
            },
            move |ctx, input| {
                let jobs = Arc::clone(&jobs);
                async move { jobs.plan_crawl(&ctx, input).await }
            },
        );
    }

    async fn plan_crawl(
        self: &Arc<Self>,
        ctx: &Ctx,
        input: PlanCrawlRequest,
    ) -> Result<PlanCrawlResponse, Fault> {
        let at = key(ctx, &input.crawler_name)?;
        let (record, classifiers) = ctx.read(|tx| {
            let record = CRAWLERS.get(tx, &at)?.ok_or_else(|| crawler::missing(&at.2))?;
            let classifiers = classifiers(tx, &at, &record)?;
            Ok::<_, Fault>((record, classifiers))
        })?;
        let options = PlanOptions { keep_comments: input.keep_comments.unwrap_or_default() };
        let work = CrawlWork {
            crawl_id: ctx.entropy().uuid(),
            crawler: record.crawler,
            classifiers,
            plan: Some(options),
        };
        let execution = execution(&at, record.role, work)?;
        match self.planned(execution, ()).await? {
            Plan::Crawl(plan) => Ok(plan),
            Plan::Job(_) => Err(Fault::internal("the runner planned a job instead of a crawl")),
        }
    }
}
