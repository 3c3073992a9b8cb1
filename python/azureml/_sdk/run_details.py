"""The dict that `Run.get_details` gives, and what a failed run says."""

import json


class Details(dict):
    """A dict whose members are attributes as well (``run.get_details().status``)."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name)


def details_of(document, portal_url):
    """`Details` of the server's document of a run."""
    details = Details()
    details["runId"] = document["id"]
    details["target"] = document.get("target") or "local"
    details["status"] = document.get("status")
    for key, member in (("startTimeUtc", "start_time"), ("endTimeUtc", "end_time")):
        if document.get(member):
            details[key] = document[member]
    if document.get("error"):
        details["error"] = _error_of(document["error"], document.get("end_time"))
    if document.get("reason"):
        details["reason"] = dict(document["reason"])
    details["warnings"] = [dict(one) for one in document.get("warnings") or ()]
    details["properties"] = _properties(document)
    details["inputDatasets"] = []
    details["outputDatasets"] = []
    details["runDefinition"] = document.get("run_definition") or _plain_definition(document)
    details["logFiles"] = {name: "%s?log=%s" % (portal_url, name) for name in document.get("log_files") or ()}
    details["submittedBy"] = document.get("submitted_by") or _user()
    return details


def _properties(document):
    out = {"_azureml.ComputeTargetType": "local" if document.get("target") in (None, "local") else "amlcompute"}
    if document.get("snapshot_id"):
        out["ContentSnapshotId"] = document["snapshot_id"]
    out.update(document.get("properties") or {})
    return out


def _plain_definition(document):
    return {
        "script": document.get("script"), "command": document.get("command") or "", "useAbsolutePath": False,
        "arguments": list(document.get("arguments") or ()), "target": document.get("target"), "nodeCount": 1,
        "environment": document.get("environment"),
    }


def _user():
    import os

    return os.environ.get("USER") or os.environ.get("LOGNAME") or "runwright"


def _error_of(error, time):
    """The server's error as the SDK gives it."""
    kind = error.get("exception_type")
    text = error.get("message") or ""
    if kind:
        text = "User program failed with %s: %s" % (kind, error.get("exception_message") or "")
    out = {
        "code": error.get("code") or "UserError", "message": text, "detailsUri": None, "details": [],
        "messageParameters": {},
        "debugInfo": {"type": kind, "message": error.get("exception_message") or error.get("message"),
                      "stackTrace": error.get("traceback")},
    }
    for key, member in (("exitCode", "exit_code"), ("signal", "signal"), ("file", "file"), ("line", "line"),
                        ("lastLines", "last_lines"), ("nextStep", "next_step")):
        if error.get(member) not in (None, "", []):
            out[key] = error[member]
    return {"error": out, "time": time}


def failure_text(details):
    """What ActivityFailedException says of a failed run."""
    error = details.get("error") or {"error": {"code": "SystemError", "message": "The run failed"}}
    return "Activity Failed:\n%s" % json.dumps(error, indent=4, ensure_ascii=False, default=str)


def with_logs(details, native):
    """The content of each log in the place of its address."""
    import os
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        for name in details["logFiles"]:
            path = native.download_file(name, os.path.join(folder, "log"))
            with open(path, encoding="utf-8", errors="replace") as file:
                details["logFiles"][name] = file.read()
    return details
