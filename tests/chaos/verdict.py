"""What must hold of each run after the kills: a list of what does not."""
import pathlib


class Notes:
    """What the scripts know themselves: files `RUN.start.PID`, `RUN.acked`, `RUN.done`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def number(self, run_id, name):
        """0 where it was never noted."""
        path = self.folder / ("%s.%s" % (run_id, name))
        return int(path.read_text() or 0) if path.exists() else 0

    def starts(self, run_id):
        return len(list(self.folder.glob("%s.start.*" % run_id)))


def _points(run, acked, lines):
    values = run["points"]
    if values != list(range(len(values))):
        yield "points are not in order: %s" % str(values)[:200]
    if len(values) < acked:
        yield "%d points were acked, %d are there" % (acked, len(values))
    # A point is logged before its line is printed, and what a dead shim's executor left is collected.
    if len(values) < lines:
        yield "%d lines are there, but only %d points" % (lines, len(values))


def _log(run, notes):
    lines = run["log"].splitlines()
    printed = [line for line in lines if line.startswith("line ")]
    if printed != ["line %d" % i for i in range(len(printed))]:
        yield "lines are not in order: %s" % str(printed)[:200]
    if run["log"] != run["written"]:
        yield "%d characters of the log were written, %d are there" % (len(run["written"]), len(run["log"]))
    done = notes.number(run["id"], "done")
    if done and len(printed) != done:
        yield "%d lines were printed, %d are there" % (done, len(printed))


def _ending(run, code, killed, done):
    status, error = run["status"], run.get("error") or {}
    if not done:
        if killed is None:
            yield "nobody killed it, but its script did not end: %s %s" % (status, error.get("message"))
        elif status != "Failed":
            yield "its %s was killed, but it is %s" % (killed, status)
        elif killed == "script" and "SIGKILL" not in (error.get("message") or ""):
            yield "SIGKILL is not named: %s" % error.get("message")
        return
    if killed == "shim" and status == "Failed":
        return  # the last thing to die before the exit was recorded
    if killed == "script" and "SIGKILL" in (error.get("message") or ""):
        return  # killed between its note and its exit
    if code == 0 and status != "Completed":
        yield "ended with 0, but it is %s: %s" % (status, error.get("message"))
    if code != 0 and error.get("exit_code") != code:
        yield "ended with %d, but it is %s with exit code %s" % (code, status, error.get("exit_code"))
    if run["result"] != "result of %s" % run["id"] and killed != "shim":
        yield "outputs/result.txt is %r" % run["result"]


def violations(run, code, killed, notes):
    """run: the server's document with `points`, `log` and `result`; killed: the role that was killed, None, or "executor"."""
    if notes.starts(run["id"]) > 1:
        yield "its script was started %d times" % notes.starts(run["id"])
    lines = sum(line.startswith("line ") for line in run["log"].splitlines())
    done = notes.number(run["id"], "done")
    for found in (_points(run, notes.number(run["id"], "acked"), lines), _log(run, notes), _ending(run, code, killed, done)):
        yield from found
    if done and killed is None and len(run["points"]) != done:
        yield "%d points were logged, %d are there" % (done, len(run["points"]))
