"""The canonical form of environment specs agrees with the C++ twin (tests/vectors/environment.json)."""

import json
import os
import sys

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "python"))

from runwright import environment_spec  # noqa: E402

with open(os.path.join(ROOT, "tests", "vectors", "environment.json"), encoding="utf-8") as file:
    VECTORS = json.load(file)


@pytest.mark.parametrize("case", VECTORS, ids=range(len(VECTORS)))
def test_vector(case):
    if "error_field" in case:
        with pytest.raises(environment_spec.SpecError) as raised:
            environment_spec.canonical_text(case["spec"])
        assert raised.value.field == case["error_field"]
        return
    assert environment_spec.canonical_text(case["spec"]) == case["canonical"]
    assert environment_spec.env_id(case["spec"]) == case["env_id"]
    assert environment_spec.canonical_text(json.loads(case["canonical"])) == case["canonical"]


def test_errors_mask_passwords_and_name_the_line():
    with pytest.raises(environment_spec.SpecError) as raised:
        environment_spec.parse_requirement("--index-url https://user:hunter2@host/simple", 4)
    assert raised.value.field == "requirements[4]"
    assert "hunter2" not in str(raised.value)
    assert "use index_url" in str(raised.value)
