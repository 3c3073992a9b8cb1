"""Part of `runwright.run.Run`: metrics, logged and read."""

from runwright import _session, errors, journal, values

_EXACT = values.EXACT_INT
_LIST_PIECE = 100000  # values of a list in one record: a record has at most 16 MiB
_outboxes = {}  # (server URL, run id) → Outbox: one a run and process, through whichever object it is logged to


class RunMetrics:
    """Base of Run. ``_number`` is the journal's hot path where this process says things to one, else None."""

    def log(self, name, value, step=None):
        """Logs one value of a metric. Numbers keep every bit (NaN and infinities too), integers are read back as
        integers (beyond 2^53 as the nearest float); NumPy scalars, text, booleans,
        lists and mappings are fine. Inside a run it is in the page cache when this returns: it survives the death of
        any process. step: an int, or None."""
        if self._number is not None:
            kind = type(value)
            if kind is float:
                self._number(name, value, step, self._named)
                return
            if kind is int and -_EXACT <= value <= _EXACT:
                self._number(name, value, step, self._named)
                return
        self._log_other(name, value, step)

    def _log_other(self, name, value, step):
        kind, value = values.scalar_or_type(value)
        if self._number is not None and type(value) is float:
            self._number(str(name), value, None if step is None else int(step), self._named)
            return
        self._say_metric(name, kind, value, step)

    def log_list(self, name, value, description=None):
        """Logs a list of values; any iterable. Lists of one name are read as one, in their order."""
        value = values.plain(value)
        value = value if isinstance(value, list) else [value]
        for start in range(0, len(value) or 1, _LIST_PIECE):
            self._say_metric(name, "list", value[start : start + _LIST_PIECE], None, description)

    def log_row(self, name, columns, description=None):
        """Logs one row of a table: ``columns`` maps names to values."""
        self._say_metric(name, "row", values.plain(columns), None, description)

    def log_table(self, name, value, description=None):
        """Logs a whole table: a mapping of column names to lists."""
        table = values.plain(value)
        if not isinstance(table, dict):
            raise errors.InvalidArgumentError(
                "log_table(%r) takes a dict of columns, not %s" % (name, type(value).__name__), field="value"
            )
        self._say_metric(name, "table", table, None, description)

    def log_artifact(self, name, artifact_id, description=None):
        """Logs that a file of the run is the value of a metric (images, confusion matrices …)."""
        self._say_metric(name, "artifact", artifact_id, None, description)

    def _say_metric(self, name, kind, value, step, description=None):
        document = {"name": str(name), "type": kind, "value": value}
        if step is not None:
            document["step"] = int(step)
        if description:
            document["description"] = str(description)
        if self._session is not None:
            document["run_id"] = self.id
            self._session.writer.record(journal.METRIC, document, points=1)
        else:
            key = (self._api.url, self.id)
            if key not in _outboxes:
                from runwright._outbox import Outbox

                _outboxes.setdefault(key, Outbox(self._api, self.id))
            _outboxes[key].add(document)

    def flush(self, timeout=300):
        """Waits until the server has made durable what this process said about the run."""
        if self._session is not None:
            self._session.writer.introduce(self.id)
            self._session.flush(timeout)
            return
        for session in list(_session.local):  # another object of this process may stand for the same run
            if session.info["server_url"] == self._api.url:
                session.flush_quietly()
        if (self._api.url, self.id) in _outboxes:
            _outboxes[(self._api.url, self.id)].flush()

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """``{name: value}`` in the shapes of `runwright.values.shape_metrics`; what this process logged is in it.

        recursive: ``{run id: {name: value}}`` of the run and its descendants. run_type: of runs of that type alone.
        populate: tables and the like that are kept as JSON files of the run are read: their content is the value.
        """
        api = self._asking()
        found = api.get_metrics_recursive(self.id, name) if recursive else {self.id: api.get_metrics(self.id, name)}
        if run_type is not None:
            found = {run: metrics for run, metrics in found.items() if api.get_run(run).get("type") == run_type}
        shaped = {run: values.shape_metrics(metrics) for run, metrics in found.items()}
        if populate:
            for run, metrics in found.items():
                self._populate(api, shaped[run], metrics)
        return shaped if recursive else shaped.get(self.id, {})

    def series(self, name, buckets=1000):
        """A long metric of numbers in at most ``buckets`` parts, exactly: ``{"count", "min", "max", "last", "step",
        "time"}``, each a list with one entry a part."""
        return values.number_of(self._asking().get_metric_series(self.id, name, buckets)["buckets"])

    def system_metrics(self, name=None):
        """``{name: (times, values)}`` of what the run's processes and its machine used."""
        found = self._asking().get_system_metrics(self.id, name)
        return {one["name"]: (one["times"], one["values"]) for one in found}

    @staticmethod
    def _populate(api, shaped, metrics):
        import io
        import json

        for metric in metrics:
            run, name = values.artifact_of(shaped[metric["name"]]) if metric.get("type") == "artifact" else (None, "")
            if run is None or not name.endswith(".json"):
                continue
            content = io.BytesIO()
            api.download_artifact(run, name, content)
            shaped[metric["name"]] = json.loads(content.getvalue().decode("utf-8"))
