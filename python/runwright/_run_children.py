"""Part of `runwright.run.Run`: child runs."""

import os
import time

from runwright import journal


def mint_run_id(experiment):
    """A new run's id: experiment, Unix seconds, 8 hex digits."""
    return "%s_%d_%s" % (experiment, time.time(), "".join("%02x" % b for b in os.urandom(4)))


class RunChildren:
    """Base of Run."""

    def child(self, name=None, run_id=None, tags=None):
        """A child run that the caller logs to and ends by complete(), fail() or as a context manager. Inside a run its
        id is minted here, so it needs no server."""
        experiment = self.info.get("experiment") or "run"
        run_id = run_id or mint_run_id(experiment)
        tags = {str(key): None if value is None else str(value) for key, value in (tags or {}).items()}
        if self._session is not None:
            document = {"run_id": run_id, "parent_id": self.id, "name": name and str(name), "tags": tags}
            self._session.writer.record(journal.CHILD, {key: value for key, value in document.items() if value})
            self._session.child_made(run_id)
            made = type(self)(None, run_id, session=self._session)
            made._known = {"run_id": run_id, "run_number": None, "parent_id": self.id, "portal_url": None}
            return made
        body = {"experiment": experiment, "run_id": run_id, "parent_id": self.id, "tags": tags}
        if name:
            body["display_name"] = str(name)
        return type(self)(self._api, run_id, self._api.submit_run(self._workspace_id(), body))

    def children(self, recursive=False, tags=None, properties=None, type=None, status=None):
        """Child runs, newest first (a generator); recursive: and theirs, whether or not the run between them is
        one that is asked for. Filters as in `runwright.client.Api.list_runs`."""
        api = self._asking()
        if recursive:
            for document in _below(api, self._workspace_id(), self.id):
                if matches(document, tags, properties, type, status):
                    yield self._found(document)
            return
        found = api.list_runs(
            self._workspace_id(), parent=self.id, tags=tags, properties=properties, type=type, status=status,
            include_children=True,
        )
        for document in found:
            yield self._found(document)

    def _found(self, document):
        return type(self)(self._api, document["id"], document, self._session)


def _below(api, workspace, run_id):
    for document in api.list_runs(workspace, parent=run_id, include_children=True):
        yield document
        for below in _below(api, workspace, document["id"]):
            yield below


def matches(document, tags=None, properties=None, type=None, status=None):
    """Does a run's document pass the filters of `runwright.client.Api.list_runs`?"""
    if type is not None and document.get("type") != type:
        return False
    if status is not None and document.get("status") not in ([status] if isinstance(status, str) else list(status)):
        return False
    return _has(document.get("tags"), tags) and _has(document.get("properties"), properties)


def _has(have, wanted):
    have = have or {}
    return all(key in have and value in (None, have[key]) for key, value in as_pairs(wanted))


def as_pairs(wanted):
    """Pairs of a filter that is a key, a list of keys, or a dict (value None: the key alone counts)."""
    if not wanted:
        return []
    if isinstance(wanted, str):
        wanted = [wanted]
    if not hasattr(wanted, "items"):
        return [(str(key), None) for key in wanted]
    return [(str(key), None if value is None else str(value)) for key, value in wanted.items()]
