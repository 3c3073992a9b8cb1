"""Errors of the SDK: their classes, and how they print.

``str()`` of one is the class name, then ``Message``, ``InnerException`` and ``ErrorResponse`` with a JSON object, as
user code and eyes know it.
"""

import json


class AzureMLException(Exception):
    """Base class. ``message``: what, why and the next step; ``inner_exception``: what caused it, or None."""

    _error_code = "SystemError"

    def __init__(self, exception_message="", inner_exception=None, **kwargs):
        super().__init__(exception_message)
        self.message = exception_message
        self.inner_exception = inner_exception
        self._error = kwargs.get("error")
        # It is printed as InnerException: a second traceback would only hide what the message says.
        self.__suppress_context__ = inner_exception is not None

    def _error_json(self):
        error = self._error or {"code": self._error_code, "message": self.message}
        return json.dumps({"error": error}, indent=4, ensure_ascii=False, default=str)

    def __str__(self):
        return "%s:\n\tMessage: %s\n\tInnerException %s\n\tErrorResponse \n%s" % (
            type(self).__name__, self.message, self.inner_exception, self._error_json())

    def __repr__(self):
        return str(self)


class UserErrorException(AzureMLException):
    """Something that the user gave is wrong."""

    _error_code = "UserError"


class NotBuiltError(UserErrorException, NotImplementedError):
    """The name exists in the SDK and is not built here yet."""


class RunEnvironmentException(AzureMLException):
    """This process is not what the call needs: not inside of a run, or a run that nobody answers for."""


class ActivityFailedException(AzureMLException):
    """A run ended as Failed. ``message`` ends with its error as JSON."""


class ExperimentExecutionException(AzureMLException):
    """Submitting or watching a run went wrong."""


class TrainingException(AzureMLException):
    """An estimator that cannot be run."""

    _error_code = "UserError"


class ComputeTargetException(AzureMLException):
    """A compute target that does not exist or cannot be used."""


class WebserviceException(AzureMLException):
    """A service, or a model asked for by name, that does not exist or failed.

    ``status_code``: the kind of failure as text, None where there is none.
    """

    def __init__(self, exception_message="", status_code=None, inner_exception=None, **kwargs):
        super().__init__(exception_message, inner_exception, **kwargs)
        self.status_code = status_code


class SnapshotException(AzureMLException):
    """The source folder cannot be kept as a snapshot."""


class ProjectSystemException(AzureMLException):
    """The local project is not usable."""


class ModelNotFoundException(AzureMLException):
    """No such model here."""


class ModelPathNotFoundException(AzureMLException):
    """A path that is not among the files of the run."""


class DatasetTimestampMissingError(AzureMLException):
    """A time filter on a dataset without a timestamp column."""


for _cls in [value for value in list(globals().values()) if isinstance(value, type)]:
    _cls.__module__ = "azureml.exceptions"  # the name that tracebacks show and users import


def translated(error, cls=UserErrorException, message=None):
    """The SDK's error for one of runwright's."""
    return cls(message or getattr(error, "message", None) or str(error), inner_exception=error)
