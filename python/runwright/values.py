"""Values of metrics: from Python objects to what a journal or the server takes, and back to what users expect."""

EXACT_INT = 2 ** 53  # integers up to this are exact as doubles
_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def plain(value):
    """JSON-able form of a metric's value: NumPy and framework scalars through ``item()``, arrays through ``tolist()``,
    mappings as dicts with text keys, any other iterable (generators too) as a list, the rest as text."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    for method in ("tolist", "item"):
        convert = getattr(value, method, None)
        if callable(convert):
            try:
                converted = convert()
            except Exception:  # a tensor with many elements has item() all the same
                continue
            if type(converted) is not type(value):
                return plain(converted)
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):
        return {str(key): plain(value[key]) for key in value.keys()}
    if hasattr(value, "__iter__"):
        return [plain(one) for one in value]
    if hasattr(value, "__float__"):
        return float(value)
    return str(value)


def scalar_or_type(value):
    """``(type, JSON-able value)`` of what was given to ``log``: a list or mapping is logged as list or row."""
    value = plain(value)
    if isinstance(value, list):
        return "list", value
    if isinstance(value, dict):
        return "row", value
    return "scalar", value


def number_of(value):
    """The server's JSON of one value as Python's: the strings NaN, Infinity, -Infinity are numbers."""
    if isinstance(value, str):
        return _NUMBERS.get(value, value)
    if isinstance(value, list):
        return [number_of(one) for one in value]
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(value.get("$number"), str) and value["$number"] in _NUMBERS:
            return _NUMBERS[value["$number"]]
        return {key: number_of(one) for key, one in value.items()}
    return value


def spell_numbers(value):
    """``value`` with the numbers that JSON lacks as the strings of the REST API."""
    if isinstance(value, float):
        if value != value:
            return "NaN"
        if value in (float("inf"), float("-inf")):
            return "Infinity" if value > 0 else "-Infinity"
    elif isinstance(value, dict):
        return {key: spell_numbers(one) for key, one in value.items()}
    elif isinstance(value, (list, tuple)):
        return [spell_numbers(one) for one in value]
    return value


def shape_metrics(metrics):
    """``{name: value}`` of the server's list of metrics, in the shapes of SDK v1:

    logged once → the scalar; n times → list; log_list → list; log_row once → dict column → value, repeated → dict
    column → list; log_table → dict column → list; artifacts → text ``aml://artifactId/…``.
    """
    return {metric["name"]: shape_metric(metric) for metric in metrics}


def shape_metric(metric):
    """The value of one metric; see `shape_metrics`."""
    values = [number_of(value) for value in metric.get("values") or ()]
    kind = metric.get("type", "scalar")
    if kind == "list":
        return [one for value in values for one in (value if isinstance(value, list) else [value])]
    if kind == "row":
        if len(values) == 1:
            return values[0]
        return _columns([value for value in values if isinstance(value, dict)])
    if kind == "table":
        return _columns([row for value in values if isinstance(value, dict) for row in _rows(value)])
    if kind == "artifact":
        return values[-1] if values else None
    return values[0] if len(values) == 1 else values


_ARTIFACT = "aml://artifactId/ExperimentRun/dcid."


def artifact_id(run_id, name):
    """The value of a metric that is a file of a run."""
    return "%s%s/%s" % (_ARTIFACT, run_id, name)


def artifact_of(value):
    """``(run id, file's name)`` of what `artifact_id` made, ``(None, "")`` of anything else."""
    if not isinstance(value, str) or not value.startswith(_ARTIFACT):
        return None, ""
    run_id, _, name = value[len(_ARTIFACT) :].partition("/")
    return run_id, name


def _rows(table):
    columns = {key: value if isinstance(value, list) else [value] for key, value in table.items()}
    count = max([len(value) for value in columns.values()] or [0])
    return [{key: value[i] for key, value in columns.items() if i < len(value)} for i in range(count)]


def _columns(rows):
    names = []
    for row in rows:
        names.extend(name for name in row if name not in names)
    return {name: [row[name] for row in rows if name in row] for name in names}
