"""What is found out of paths and files, by the examples in the code."""

import doctest

import pytest

from mastic_host import base_paths, casts, coercions, dialect, discovered, formats, globs, operands


@pytest.mark.parametrize("module", [base_paths, casts, coercions, dialect, discovered, formats, globs, operands])
def test_examples(module):
    failed, tried = doctest.testmod(module)
    assert tried and not failed
