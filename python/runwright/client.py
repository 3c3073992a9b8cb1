"""`Api`: one method a route of api/openapi.yaml. Documents are the server's JSON as dicts; errors are raised."""

from runwright._api_environments import ApiEnvironments
from runwright._api_workspaces import ApiWorkspaces
from runwright._url import api_path as _path


class Api(ApiWorkspaces, ApiEnvironments):
    """Typed access to a server, or (over ``exec.sock``) to it from inside of a run.

    client: `runwright._http.Client`. Methods named list_* are generators over every page.
    """

    def __init__(self, client):
        self.client = client

    @property
    def url(self):
        """The server's URL as the client was given it."""
        return self.client.url

    def _get(self, path, query=None):
        return self.client.json("GET", path, query)

    def _post(self, path, body=None, query=None, idempotent=True, timeout=60):
        return self.client.json("POST", path, query, body, timeout, idempotent)

    def _pages(self, path, query=None, limit=None):
        query = dict(query or {})
        given = 0
        while True:
            if limit is not None:
                query["limit"] = min(1000, limit - given)
            page = self._get(path, query) or {}
            for item in page.get("items") or ():
                yield item
                given += 1
                if limit is not None and given >= limit:
                    return
            query["cursor"] = page.get("next_cursor")
            if not query["cursor"]:
                return
            query["limit"] = 1000  # who wants more than the first page wants them all

    # Runs.

    def list_runs(
        self,
        ws,
        experiment=None,
        status=None,
        tags=None,
        properties=None,
        parent=None,
        type=None,
        include_children=False,
        limit=None,
        filter=None,
        sort=None,
        text=None,
        metric=None,
        param=None,
        view=None,
    ):
        """Newest first, or by ``sort`` ("-metrics.acc"). tags, properties: a key, a list of keys, or a dict (value
        None: the key alone counts). status: one or a list. filter, sort: docs/user/runs.md. metric, param: names, or
        lists of them, whose values each run is to show. view: "active" (the default), "archived", "all", "deleted".
        """
        from runwright._run_children import as_pairs

        query = {
            "experiment": experiment,
            "status": status,
            "tag": [key if value is None else "%s=%s" % (key, value) for key, value in as_pairs(tags)],
            "property": [key if value is None else "%s=%s" % (key, value) for key, value in as_pairs(properties)],
            "parent": parent,
            "type": type,
            "include_children": True if include_children else None,
            "filter": filter,
            "sort": sort,
            "text": text,
            "metric": metric,
            "param": param,
            "view": view,
        }
        return self._pages(_path("workspaces", ws, "runs"), query, limit)

    def submit_run(self, ws, body):
        """body: RunNew. With a ``run_id`` in it a repeat is harmless, so a broken connection is tried again."""
        return self._post(_path("workspaces", ws, "runs"), body, idempotent="run_id" in body)

    def get_run(self, run):
        return self._get(_path("runs", run))

    def update_run(self, run, display_name=None, tags=None, remove_tags=None, properties=None, params=None):
        body = {
            "display_name": display_name,
            "tags": tags,
            "remove_tags": remove_tags,
            "properties": properties,
            "params": params,
        }
        body = {key: value for key, value in body.items() if value is not None}
        return self.client.json("PATCH", _path("runs", run), None, body)

    def cancel_run(self, run):
        return self._post(_path("runs", run, "cancel"))

    def delete_run(self, run):
        """The run and all below it; `restore_run` brings them back within the grace time."""
        return self.client.json("DELETE", _path("runs", run))

    def restore_run(self, run):
        return self._post(_path("runs", run, "restore"))

    def archive_run(self, run):
        """Lists leave it out."""
        return self._post(_path("runs", run, "archive"))

    def unarchive_run(self, run):
        return self._post(_path("runs", run, "unarchive"))

    def end_run(self, run, status, error=None):
        """status: "Completed" or "Failed"; error: ``{code?, message, details?}``."""
        body = {"status": status}
        if error:
            body["error"] = error
        return self._post(_path("runs", run, "end"), body)

    # Metrics, journal and logs.

    def get_metrics(self, run, name=None):
        """A list of ``{name, type, values, steps?, times}``."""
        return (self._get(_path("runs", run, "metrics"), {"name": name}) or {}).get("metrics") or []

    def get_metrics_recursive(self, run, name=None):
        """``{run id: [metric]}`` of the run and its descendants."""
        query = {"name": name, "recursive": True}
        return (self._get(_path("runs", run, "metrics"), query) or {}).get("runs") or {}

    def get_metric_series(self, run, name, buckets=1000):
        """A metric of numbers in at most ``buckets`` parts of equal count: ``{name, type, count, buckets: {count, min,
        max, last, step, time}}``, each a list with one entry a part."""
        return self._get(_path("runs", run, "metrics", "series"), {"name": name, "buckets": buckets})

    def get_system_metrics(self, run, name=None):
        """A list of ``{name, unit, times, values}``: what the run's processes and its machine used."""
        return (self._get(_path("runs", run, "system_metrics"), {"name": name}) or {}).get("metrics") or []

    def log_metrics(self, run, metrics):
        """metrics: a list of ``{name, value, type?, step?}``."""
        return self._post(_path("runs", run, "metrics"), {"metrics": metrics}, idempotent=False)

    def get_journal_offsets(self, run):
        return (self._get(_path("runs", run, "journal")) or {}).get("writers") or {}

    def flush(self, run, writer, offset, timeout=300):
        """Answered when the server has acked ``offset`` of ``writer``."""
        body = {"writer": writer, "offset": offset}
        return self._post(_path("runs", run, "flush"), body, timeout=timeout)

    def heartbeat(self, run, process):
        """The process that logs an interactive run lives: ``{over, seconds}``, the next one is due in ``seconds``."""
        return self._post(_path("runs", run, "heartbeat"), {"process": process}, timeout=20)

    def warn(self, run, source, message):
        """Adds a warning to a run."""
        return self._post(_path("runs", run, "warnings"), {"source": source, "message": message})

    def follow_logs(self, run, offsets=None, name=None, follow=True, timeout=60):
        """Yields ``(event, data dict)``; log bytes are decoded (``data["bytes"]`` is bytes). See `runwright.stream`.

        offsets: ``{log name: next byte wanted}``.
        """
        import binascii
        import json

        starts = ["%s:%d" % pair for pair in sorted((offsets or {}).items())]
        query = {"name": name, "from": starts, "follow": None if follow else False}
        for event, _, data in self.client.events(_path("runs", run, "logs"), query, timeout):
            document = json.loads(data)
            if event == "log":
                document["bytes"] = binascii.a2b_base64(document.get("bytes") or "")
            yield event, document

    # Files of runs.

    def list_artifacts(self, run, prefix=None):
        """``{name, size, digest?, live, source, time}`` sorted by name."""
        return self._pages(_path("runs", run, "artifacts"), {"prefix": prefix})

    def add_artifact(self, run, name, digest, size, source="upload"):
        body = {"name": name, "digest": digest, "size": size, "source": source}
        return self._post(_path("runs", run, "artifacts"), body)

    def upload_artifact(self, run, name, body):
        """body: bytes or a seekable binary file object, streamed."""
        return self._put(_path("runs", run, "artifacts", "content"), {"name": name}, body)

    def download_artifact(self, run, name, target, progress=None):
        """target: path or binary file object. Returns the size."""
        path = _path("runs", run, "artifacts", "content")
        return self.client.download(path, {"name": name}, target, progress)

    def _put(self, path, query, body):
        return self.client.json("PUT", path, query, body, timeout=600)

    # Blobs and snapshots.

    def find_missing(self, digests):
        """Those of ``digests`` that the server lacks."""
        answer = self._post("/api/v1/blobs/missing", {"digests": list(digests)})
        return (answer or {}).get("missing") or []

    def put_blob(self, digest, body):
        """body: bytes or a seekable binary file object; a repeat is fine."""
        return self._put(_path("blobs", digest), None, body)

    def put_pack(self, body):
        """body: bytes of a pack (docs/dev/formats/snapshot.md)."""
        return self._post("/api/v1/blobs/pack", body, timeout=600)

    def ship_journal(self, run, writer, offset, data):
        """Sends whole records of a journal file from byte ``offset``; ``{acked}``. ConflictError with
        ``details["acked"]`` where bytes before it are missing."""
        return self._post(_path("runs", run, "journal"), data, {"writer": writer, "offset": offset}, timeout=600)

    def get_blob(self, digest, target, progress=None):
        return self.client.download(_path("blobs", digest), None, target, progress)

    def create_snapshot(self, snapshot_id):
        """``{id, files, bytes}``; FailedPreconditionError with ``details["missing"]`` when blobs are missing."""
        return self._post("/api/v1/snapshots", {"id": snapshot_id})

    def get_snapshot(self, snapshot_id):
        return self._get(_path("snapshots", snapshot_id))

    # Models.

    def list_models(self, ws, name=None, tag=None, run=None, latest=None):
        """Newest first. tag: ``key`` or ``key=value``."""
        query = {"name": name, "tag": tag, "run": run, "latest": latest}
        return self._pages(_path("workspaces", ws, "models"), query)

    def register_model(self, ws, body):
        """body: ModelNew. Each call makes a version, so it is never repeated by itself."""
        return self._post(_path("workspaces", ws, "models"), body, idempotent=False)

    def get_model(self, ws, name, version=None):
        return self._get(_path("workspaces", ws, "models", name), {"version": version})

    def update_model(self, ws, name, version, body):
        """body: ``{tags?, remove_tags?, properties?, description?}``."""
        return self.client.json("PATCH", _path("workspaces", ws, "models", name), {"version": version}, body)

    def delete_model(self, ws, name, version):
        return self.client.json("DELETE", _path("workspaces", ws, "models", name), {"version": version})

    def download_model_file(self, ws, name, version, path, target, progress=None):
        query = {"version": version, "path": path}
        return self.client.download(_path("workspaces", ws, "models", name, "content"), query, target, progress)

    # Computes.

    def list_computes(self, ws):
        return self._pages(_path("workspaces", ws, "computes"))

    def create_compute(self, ws, body):
        """body: ComputeNew. An existing name is updated and answered."""
        return self._post(_path("workspaces", ws, "computes"), body)

    def get_compute(self, ws, name):
        return self._get(_path("workspaces", ws, "computes", name))

    def update_compute(self, ws, name, **members):
        """members: min_nodes, max_nodes, idle_seconds_before_scaledown, env_root; None is left out."""
        body = {key: value for key, value in members.items() if value is not None}
        return self.client.json("PATCH", _path("workspaces", ws, "computes", name), None, body)

    def delete_compute(self, ws, name):
        return self.client.json("DELETE", _path("workspaces", ws, "computes", name))

    def list_vm_sizes(self):
        return self._pages("/api/v1/vm-sizes")
