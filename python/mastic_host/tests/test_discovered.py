"""What is found out of paths and files, by the examples in the code."""

import doctest

import pytest

from mastic_host import (
    aliases, base_paths, casts, coercions, decimals, dialect, discovered, formats, functions, globs, operands, regexes, selects, structs,
)  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [aliases, base_paths, casts, coercions, decimals, dialect, discovered, formats, functions, globs, operands, regexes, selects, structs],
)
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed
