"""Metric values: what is accepted, and the shapes that users get back."""

import decimal
import fractions
import math

import pytest
from lookalikes import Array, Scalar
from runwright.values import plain, scalar_or_type, shape_metrics


def test_plain_values():
    assert plain(Scalar(0.5)) == 0.5 and plain(Array([[1, 2], [3, 4]])) == [[1, 2], [3, 4]]
    assert plain(i * i for i in range(3)) == [0, 1, 4]
    assert plain({1: Scalar(2), "a": (1, 2)}) == {"1": 2, "a": [1, 2]}
    assert plain(decimal.Decimal("0.5")) == 0.5 and plain(fractions.Fraction(1, 4)) == 0.25
    assert plain(b"text") == "text" and plain(None) is None and plain(True) is True
    assert plain(range(2)) == [0, 1] and plain(object).startswith("<class")
    assert scalar_or_type(Array([1])) == ("list", [1])
    assert scalar_or_type({"a": 1}) == ("row", {"a": 1})
    assert scalar_or_type(2 ** 70) == ("scalar", 2 ** 70)


def test_numpy():
    numpy = pytest.importorskip("numpy")
    assert plain(numpy.float32(0.5)) == 0.5 and type(plain(numpy.float64(0.1))) is float
    assert plain(numpy.int64(7)) == 7 and plain(numpy.bool_(True)) is True
    assert plain(numpy.arange(3)) == [0, 1, 2] and plain(numpy.array(2.5)) == 2.5


def metric(name, kind, *values):
    return {"name": name, "type": kind, "values": list(values)}


def test_shapes():
    shaped = shape_metrics(
        [
            metric("once", "scalar", 1.5),
            metric("twice", "scalar", 1.5, "NaN"),
            metric("text", "scalar", "abc"),
            metric("list", "list", [1, 2], ["Infinity"]),
            metric("row", "row", {"x": 1, "y": "NaN"}),
            metric("rows", "row", {"x": 1}, {"x": 2, "y": 3}),
            metric("table", "table", {"x": [1, 2], "y": [3, 4]}),
            metric("tables", "table", {"x": [1], "y": 2}, {"x": [3], "y": [4]}),
            metric("image", "artifact", "aml://artifactId/x"),
        ]
    )
    assert shaped["once"] == 1.5 and shaped["text"] == "abc"
    assert shaped["twice"][0] == 1.5 and math.isnan(shaped["twice"][1])
    assert shaped["list"] == [1, 2, math.inf]
    assert shaped["row"]["x"] == 1 and math.isnan(shaped["row"]["y"])
    assert shaped["rows"] == {"x": [1, 2], "y": [3]}
    assert shaped["table"] == {"x": [1, 2], "y": [3, 4]}
    assert shaped["tables"] == {"x": [1, 3], "y": [2, 4]}
    assert shaped["image"] == "aml://artifactId/x"
