"""Unit tests for Glue pipelines: `Mastic` is a server, `Account` an AWS account in it.

The pytest plugin (`mastic_testing.plugin`) gives tests both as the fixtures `mastic` and `aws`.
"""

from mastic_testing.account import Account, Run
from mastic_testing.server import Mastic

__all__ = ["Account", "Mastic", "Run"]
