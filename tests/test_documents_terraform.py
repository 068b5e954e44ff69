"""Terraform's resources of Glue's catalog besides tables."""


def test_documents(server, terraform, unique):
    root = server.account("terraform")
    glue = server.client("glue", root)
    with terraform("documents/main.tf", root, name=unique("terraform").replace("-", "_")) as run:
        assert run.apply().added == 8
        connection = glue.get_connection(Name=f"{run.name}-database")["Connection"]
        assert connection["ConnectionProperties"]["PASSWORD"] == "secret-made"
        changed = run.apply(comment="changed")
        # A security configuration cannot be changed, only made anew.
        assert (changed.added, changed.destroyed) == (1, 1), changed.text
        connection = glue.get_connection(Name=f"{run.name}-database")["Connection"]
        assert connection["ConnectionProperties"]["PASSWORD"] == "secret-changed"
    assert glue.get_connections()["ConnectionList"] == []
    assert glue.get_security_configurations()["SecurityConfigurations"] == []
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings["EncryptionAtRest"]["CatalogEncryptionMode"] == "DISABLED"
