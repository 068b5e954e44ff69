"""Terraform's crawlers, with every block, and classifiers of the four kinds."""

import json


def test_crawlers_and_classifiers(server, terraform):
    by = server.account("terraform-crawlers")
    glue = server.client("glue", by)
    with terraform("crawlers/main.tf", by, name="tf-crawlers") as run:
        run.apply()
        found = glue.get_crawler(Name="tf-crawlers-s3")["Crawler"]
        assert found["Role"] == "service-role/tf-crawlers"
        assert found["Schedule"] == {"ScheduleExpression": "cron(0 10 * * ? *)", "State": "SCHEDULED"}
        assert found["CrawlerSecurityConfiguration"] == "tf-crawlers"
        assert [target.get("SampleSize") for target in found["Targets"]["S3Targets"]] == [1, None]
        changed = run.apply(comment="second")
        assert (changed.added, changed.destroyed) == (0, 0), changed.text
        assert changed.changed == 9, changed.text
        found = glue.get_crawler(Name="tf-crawlers-s3")["Crawler"]
        assert found["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
        assert json.loads(found["Configuration"])["Grouping"]["TableLevelConfiguration"] == 3
        assert glue.get_crawler(Name="tf-crawlers-catalog")["Crawler"]["Targets"]["CatalogTargets"][0]["Tables"] == ["t0", "t1"]
        classifier = glue.get_classifier(Name="tf-crawlers-csv")["Classifier"]["CsvClassifier"]
        assert (classifier["Delimiter"], classifier["Header"], classifier["Version"]) == ("|", ["a", "second"], 2)
    assert glue.get_classifiers()["Classifiers"] == []
    assert glue.get_crawlers()["Crawlers"] == []
