"""RunDetails: a run, shown as text."""


class RunDetails:
    """run_instance: a run. `show` prints how it stands and never raises."""

    def __init__(self, run_instance):
        self.run_instance = run_instance

    def show(self, render_lib=None, widget_settings=None):
        """Prints id, status, the run's page, metrics and warnings, as they are now."""
        try:
            print(_text(self.run_instance))
        except Exception as error:  # a display must not break the program
            print("The run cannot be shown now: %s" % (getattr(error, "message", None) or error))

    def get_widget_data(self, widget_settings=None):
        """What `show` shows, as a dict."""
        try:
            run = self.run_instance
            details = run.get_details()
            return {"status": details["status"], "run_id": details["runId"], "run_properties": dict(details),
                    "run_metrics": run.get_metrics(), "run_logs": dict(details["logFiles"]),
                    "workbench_run_details_uri": run.get_portal_url(), "child_runs": [], "widget_settings": {}}
        except Exception as error:
            return {"status": "Unknown", "error": getattr(error, "message", None) or str(error)}

    def __repr__(self):
        return "_UserRunWidget(widget_settings={})"


def _text(run):
    details = run.get_details()
    lines = ["Run %s: %s" % (details["runId"], details["status"])]
    reason = details.get("reason")
    if reason and reason.get("text"):
        position = reason.get("position")
        lines.append("  waits: %s%s" % (reason["text"], " (position %s)" % position if position else ""))
    if run.get_portal_url():
        lines.append("  page: %s" % run.get_portal_url())
    lines += ["  %s: %s" % (name, _last(value)) for name, value in run.get_metrics().items()]
    lines += ["  warning: %s" % one.get("message") for one in details["warnings"]]
    error = ((details.get("error") or {}).get("error") or {}).get("message")
    return "\n".join(lines + (["  error: %s" % error] if error else []))


def _last(value):
    if isinstance(value, list) and len(value) > 1:
        return "%s (last of %d)" % (value[-1], len(value))
    return value[0] if isinstance(value, list) and value else value
