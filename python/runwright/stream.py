"""Following a run: a stream of server-sent events, taken up again at the same byte after every break."""

import sys
import time

from runwright import errors

RECONNECT_SECONDS = 600  # how long a follower that was connected once waits for a server that went away
_TERMINAL = ("Completed", "Failed", "Canceled")


def follow(api, run_id, on_event, logs=True, give_up_after=RECONNECT_SECONDS):
    """Calls ``on_event(event, data)`` until the run is over; returns its last status.

    Events: "log" (data: name, offset, bytes), "status" (status, reason), "end" (status). A server that restarts is
    waited for; no byte is given twice or left out. logs: False asks for status changes alone.
    """
    offsets = {}
    connected = False
    lost_at = None
    pause = 0.05
    while True:
        try:
            for event, data in api.follow_logs(run_id, offsets, None if logs else "-"):
                connected, lost_at, pause = True, None, 0.05
                if event == "log":
                    data = _unseen(data, offsets)
                    if data is None:
                        continue
                on_event(event, data)
                if event == "end":
                    return data.get("status")
            raise errors.UnavailableError("The event stream of run %s ended early" % run_id)
        except errors.UnavailableError:
            if not connected:
                raise
            now = time.time()
            lost_at = lost_at or now
            if now - lost_at > give_up_after:
                raise
        time.sleep(pause)
        pause = min(1.0, pause * 2)


def _unseen(data, offsets):
    """The part of a log event that was not given yet, or None; notes what is wanted next."""
    name, offset, piece = data["name"], data.get("offset", 0), data["bytes"]
    wanted = offsets.get(name, 0)
    if offset < wanted:
        piece = piece[wanted - offset :]
        offset = wanted
    offsets[name] = offset + len(piece)
    if not piece:
        return None
    return dict(data, offset=offset, bytes=piece)


class Printer:
    """Prints a run as SDK v1 did: ids, each log under its name, a summary. out: a text stream, default stdout."""

    def __init__(self, run_id, portal_url, out=None):
        self.run_id, self.portal_url = run_id, portal_url
        self._out = out
        self._log = None
        self._decoders = {}
        self._at_line_start = True

    def _write(self, text):
        out = self._out or sys.stdout
        try:
            out.write(text)
        except UnicodeEncodeError:
            encoding = getattr(out, "encoding", None) or "ascii"
            out.write(text.encode(encoding, "replace").decode(encoding))
        out.flush()

    def header(self):
        """``RunId: …``, ``Web View: …``, blank line."""
        self._write("RunId: %s\nWeb View: %s\n" % (self.run_id, self.portal_url))

    def event(self, event, data):
        """To be given to `follow`."""
        if event != "log":
            return
        name = data["name"]
        decoder = self._decoders.get(name)
        if decoder is None:
            import codecs

            decoder = self._decoders[name] = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data["bytes"])
        if not text:
            return
        if name != self._log:
            self._log = name
            self._write("%s\nStreaming %s\n%s\n\n" % ("" if self._at_line_start else "\n", name, "=" * (len(name) + 10)))
        self._write(text)
        self._at_line_start = text.endswith("\n")

    def summary(self, document):
        """``Execution Summary`` with the run's warnings."""
        if not self._at_line_start:
            self._write("\n")
        lines = ["", "Execution Summary", "=" * 17, "RunId: " + self.run_id, "Web View: " + str(self.portal_url)]
        warnings = document.get("warnings") or ()
        if warnings:
            lines += ["", "Warnings:"]
            lines += list(dict.fromkeys(one.get("message", "") for one in warnings))
        self._write("\n".join(lines) + "\n\n")


def wait(api, run_id, show_output=False, out=None):
    """Waits for the end of a run and returns its document. show_output: prints its logs as they come.

    KeyboardInterrupt passes through; the run goes on. Raises nothing for a run that failed: look at ``status``.
    """
    document = api.get_run(run_id)
    printer = None
    if show_output:
        printer = Printer(run_id, document.get("portal_url") or "%s/runs/%s" % (api.url, run_id), out)
        printer.header()
    elif document.get("status") in _TERMINAL:
        return document
    follow(api, run_id, printer.event if printer else _ignore, logs=show_output)
    document = _final(api, run_id)
    if printer:
        printer.summary(document)
    return document


def _ignore(event, data):
    pass


def _final(api, run_id):
    """The document after the stream's end; the server may have gone away in between."""
    deadline = time.time() + RECONNECT_SECONDS
    while True:
        try:
            return api.get_run(run_id)
        except errors.UnavailableError:
            if time.time() > deadline:
                raise
            time.sleep(0.2)
