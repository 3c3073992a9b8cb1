"""What the journals of a folder say, in the order of docs/dev/formats/journal.md: runs, metrics, tags, ends."""

import os

from runwright import journal


class State:
    """One run as its journals describe it."""

    def __init__(self, run_id, info, parent_id=None, name=None, start_us=0):
        self.run_id, self.info, self.parent_id, self.name = run_id, info, parent_id, name
        self.status, self.error = "Running", None
        self.tags, self.properties, self.metrics = {}, {}, {}
        self.start_us, self.end_us = start_us, None

    def document(self):
        """As in schema Run of api/openapi.yaml."""
        return {
            "id": self.run_id, "number": None, "workspace_id": None, "experiment": self.info["experiment"],
            "type": "azureml.offline", "status": self.status, "error": self.error, "display_name": self.name or "",
            "parent_id": self.parent_id, "root_id": self.info["run_id"], "target": "local", "tags": dict(self.tags),
            "properties": dict(self.properties), "warnings": [], "log_files": [], "arguments": [], "portal_url": "",
            "start_time": utc(self.start_us), "end_time": utc(self.end_us), "created_time": utc(self.start_us),
        }

    def add_value(self, name, kind, value, step):
        metric = self.metrics.setdefault(name, {"name": name, "type": kind, "values": [], "steps": []})
        metric["values"].append(value)
        metric["steps"].append(step)


def utc(us):
    """ISO 8601 of microseconds since 1970, None for none."""
    if not us:
        return None
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1000000)) + ".%06dZ" % (us % 1000000)


class Replay:
    """folder: of journals. info: run.json of their run. `runs` reads anew what has changed since."""

    def __init__(self, folder, info):
        self._folder, self._info = folder, info
        self._seen, self._runs = None, {}

    def runs(self):
        """run id → `State`, parents before children."""
        sizes = sorted((name, os.path.getsize(os.path.join(self._folder, name))) for name in _journals(self._folder))
        if sizes != self._seen:
            self._runs = self._read()
            self._seen = sizes
        return self._runs

    def _read(self):
        home = self._info["run_id"]
        runs = {home: State(home, self._info, start_us=self._info["start_us"])}
        for run_id, record in _merged(self._folder, home):
            _apply(runs, run_id, record, self._info)
        return runs


def _journals(folder):
    try:
        return [name for name in os.listdir(folder) if name.endswith(".rwj")]
    except OSError:
        return []


def _merged(folder, home):
    """``(current run, record)`` of all writers: by writer exactly, writers by time."""
    files, shifts = [], {}
    for name in sorted(_journals(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            records = journal.read_records(file.read())
        if records:
            boot = records[0].document().get("boot_id")
            least = min(one.wall_us - one.boot_us for one in records)
            shifts[boot] = min(least, shifts.get(boot, least))
            files.append((name, boot, records))
    keyed = []
    for name, boot, records in files:
        run_id, time = home, None
        for index, record in enumerate(records):
            now = record.boot_us + shifts[boot]
            time = now if time is None else max(time, now)
            if record.kind == journal.RUN:
                run_id = record.document()["run_id"]
            keyed.append((time, name, index, run_id, record))
    keyed.sort(key=lambda one: one[:3])
    return [(run_id, record) for _, _, _, run_id, record in keyed]


def _apply(runs, run_id, record, info):
    if record.kind == journal.NUMBER:
        name, value, step = record.number()
        if run_id in runs:
            runs[run_id].add_value(name, "scalar", value, step)
        return
    if record.kind not in (journal.METRIC, journal.TAG, journal.PROPERTY, journal.CHILD, journal.END):
        return
    body = record.document()
    if record.kind == journal.CHILD:
        child = State(body["run_id"], info, body["parent_id"], body.get("name"), record.wall_us)
        child.tags.update(body.get("tags") or {})
        runs.setdefault(body["run_id"], child)
        return
    state = runs.get(body.get("run_id", run_id))
    if state is None:
        return
    if record.kind == journal.METRIC:
        state.add_value(body["name"], body.get("type", "scalar"), body.get("value"), body.get("step"))
    elif record.kind == journal.TAG:
        state.tags.update(body.get("set") or {})
        for key in body.get("remove") or ():
            state.tags.pop(key, None)
    elif record.kind == journal.PROPERTY:
        for key, value in (body.get("set") or {}).items():
            state.properties.setdefault(key, value)
    elif state.status == "Running":
        state.status, state.error, state.end_us = body["status"], body.get("error"), record.wall_us
