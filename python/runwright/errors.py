"""Errors of Runwright: one class a code of api/errors.yaml.

Every error carries ``code`` (the name in api/errors.yaml), ``message`` (what, why, next step), ``field`` (the
member of the request that is wrong, or None), ``status`` (HTTP status, or None) and ``details`` (the rest of the
server's answer, a dict).
"""


class RunwrightError(Exception):
    """Base class; raised itself only for a code that this version does not know."""

    code = "Internal"
    http_status = 500

    def __init__(self, message="", field=None, details=None, code=None, status=None):
        super().__init__(message)
        self.message = message
        self.field = field
        self.details = details or {}
        self.status = status if status is not None else self.http_status
        if code:
            self.code = code

    def __str__(self):
        return self.message

    def __repr__(self):
        return "%s(%r)" % (type(self).__name__, self.message)

    def __reduce__(self):
        return (type(self), (self.message, self.field, self.details, self.code, self.status))


class InvalidArgumentError(RunwrightError, ValueError):
    """A value that was given is wrong; ``field`` names it."""

    code, http_status = "InvalidArgument", 400


class UnauthenticatedError(RunwrightError):
    """No token, or one that the server does not know."""

    code, http_status = "Unauthenticated", 401


class PermissionDeniedError(RunwrightError):
    """The token does not allow this."""

    code, http_status = "PermissionDenied", 403


class NotFoundError(RunwrightError, LookupError):
    """There is no such thing."""

    code, http_status = "NotFound", 404


class ConflictError(RunwrightError):
    """Something of that name, or another value, is there already."""

    code, http_status = "Conflict", 409


class FailedPreconditionError(RunwrightError):
    """Something must be done first; ``field`` names what."""

    code, http_status = "FailedPrecondition", 412


class TooLargeError(RunwrightError):
    """Over a limit."""

    code, http_status = "TooLarge", 413


class CanceledError(RunwrightError):
    """Canceled by someone."""

    code, http_status = "Canceled", 499


class InternalError(RunwrightError):
    """A fault of Runwright itself."""

    code, http_status = "Internal", 500


class CorruptError(RunwrightError):
    """Bytes are not what they were when they were stored."""

    code, http_status = "Corrupt", 500


class UnsupportedError(RunwrightError, NotImplementedError):
    """Not built yet, or not possible here."""

    code, http_status = "Unsupported", 501


class UnavailableError(RunwrightError, ConnectionError):
    """Nobody answers."""

    code, http_status = "Unavailable", 503


class DeadlineExceededError(RunwrightError, TimeoutError):
    """It took longer than was allowed."""

    code, http_status = "DeadlineExceeded", 504


class NoSpaceError(RunwrightError):
    """The server's disk is full, or its quota used up."""

    code, http_status = "NoSpace", 507


CLASSES = {
    cls.code: cls
    for cls in (
        InvalidArgumentError,
        UnauthenticatedError,
        PermissionDeniedError,
        NotFoundError,
        ConflictError,
        FailedPreconditionError,
        TooLargeError,
        CanceledError,
        InternalError,
        CorruptError,
        UnsupportedError,
        UnavailableError,
        DeadlineExceededError,
        NoSpaceError,
    )
}
_BY_STATUS = {cls.http_status: cls for cls in CLASSES.values() if cls is not CorruptError}


def from_response(status, body, what=""):
    """The error of an HTTP answer. ``body``: its bytes; ``what``: the request, for a body that explains nothing."""
    import json

    document = None
    try:
        document = json.loads(body.decode("utf-8")) if body else None
    except ValueError:
        pass
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        text = body[:200].decode("utf-8", "replace").strip() if body else ""
        message = "%s answered %d%s" % (what or "The server", status, ": " + text if text else "")
        return _BY_STATUS.get(status, RunwrightError)(message, status=status)
    code = str(error.get("code", ""))
    cls = CLASSES.get(code) or _BY_STATUS.get(status, RunwrightError)
    details = {key: value for key, value in document.items() if key != "error"}
    details.update((k, v) for k, v in error.items() if k not in ("code", "message", "field"))
    message = str(error.get("message") or "%s answered %d" % (what or "The server", status))
    return cls(message, error.get("field"), details, code or None, status)
