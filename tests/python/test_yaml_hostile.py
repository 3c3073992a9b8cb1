"""Conda files from anywhere: what is hostile is refused at once, with its line."""
import random
import time

import pytest
from azureml._sdk import yaml_subset
from azureml._sdk.conda_dependencies import CondaDependencies
from azureml._sdk.exceptions import UserErrorException

BOMB = "a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: [*c, *c, *c, *c]\n"


@pytest.mark.parametrize("text, words", [
    (BOMB, "line 1: anchors"),
    ("dependencies:\n- *x", "line 2: aliases"),
    ("a: [&x 1]", "cannot be read"),
    ("a: [*x]", "cannot be read"),
    ("a: {b: !!python/object/apply:os.system [id]}", "cannot be read"),
    ("a: !!python/object/apply:os.system [id]", "tags"),
    ("!x a: 1", "tags"),
    ("<<: {a: 1}", "merge key"),
    ("a: {<<: b}", "merge key"),
    ("? a\n: b", "complex key"),
    ("{[a]: b}", "key that is no text"),
    ("a: {x: 1, x: 2}", "second time"),
    ("- " * 1000 + "x", "more than 64 levels"),
    ("\n".join(" " * i + "a:" for i in range(1000)), "line 65: more than 64 levels"),
    ("a: " + "[" * 5000, "more than 64 levels"),
    ("a: " + "{x: " * 2000, "more than 64 levels"),
    ("a: " + "x" * 20000, "line 1: more than 10000 characters"),
    ("a: b\x00c", "control character"),
    ("a: b\x85c: d", "control character"),
    ("a: 1\n" * 300000, "larger than 1 MiB"),
], ids=lambda value: "%.20r" % value)
def test_it_is_refused_at_once(text, words):
    began = time.monotonic()
    with pytest.raises(yaml_subset.YamlError, match=words) as refused:
        yaml_subset.load(text)
    assert len(str(refused.value)) < 300, "the message does not repeat the file"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("text", [
    "a" + " " * 9000 + "b\n" + "- x\n",
    "\n".join("k%d: %s" % (i, " " * 9000 + "v") for i in range(100)),
    "a: [\n" + "x,\n" * 200000 + "]",
    "a: '" + "''" * 4000,
    "a: \"" + "\\\\" * 4000,
    "a: " + "9" * 9000,
], ids=lambda value: "%.20r" % value)
def test_nothing_takes_long(text):
    began = time.monotonic()
    try:
        yaml_subset.load(text)
    except yaml_subset.YamlError:
        pass
    assert time.monotonic() - began < 10


def test_large_numbers_stay_texts():
    assert yaml_subset.load("a: %s\nb: 3.8\nc: 12" % ("9" * 5000)) == {"a": "9" * 5000, "b": 3.8, "c": 12}


def test_any_bytes_are_a_value_or_an_error():
    numbers = random.Random(5)
    pieces = ["a", ": ", ":", "\n", "- ", "  ", "[", "]", "{", "}", ",", "'", '"', "#", "&", "*", "!", "|", "\\", "\t", "é", "1", "~", "?", "<<"]
    for _ in range(20000):
        text = "".join(numbers.choice(pieces) for _ in range(numbers.randint(1, 30)))
        try:
            value = yaml_subset.load(text)
        except yaml_subset.YamlError:
            continue
        assert yaml_subset.load(yaml_subset.dump(value)) == value, text


@pytest.mark.parametrize("data, words", [
    (BOMB.encode(), "anchors"),
    (b"dependencies: \xff\xfe", "no UTF-8"),
    (b"- a\n- b\n", "no conda file"),
    (b"dependencies: 7\n", "must be a list"),
    (b"dependencies:\n- {pip: [a], run: [b]}\n", "a package or a pip list"),
    (b"dependencies:\n- [a]\n", "a package or a pip list"),
    (b"dependencies:\n-\n- numpy\n", "is empty"),
    (b"name: x\n" * 200000, "larger than 1 MiB"),
], ids=lambda value: "%.20r" % value)
def test_a_conda_file_is_refused_with_its_name(tmp_path, data, words):
    path = tmp_path / "hostile.yml"
    path.write_bytes(data)
    with pytest.raises(UserErrorException, match=words) as refused:
        CondaDependencies(str(path))
    assert "hostile.yml" in str(refused.value)


def test_an_endless_file_is_read_as_far_as_it_may_go():
    with pytest.raises(UserErrorException, match="larger than 1 MiB"):
        CondaDependencies("/dev/zero")
