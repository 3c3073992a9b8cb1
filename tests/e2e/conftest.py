"""The installation that the tests of this folder work with."""
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from installation import installed  # noqa: E402


@pytest.fixture
def installation():
    with installed() as one:
        yield one
