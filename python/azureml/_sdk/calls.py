"""Errors of `runwright` as errors of the SDK."""

import functools


def sdk_errors(function):
    """Decorator: a RunwrightError that leaves ``function`` becomes a UserErrorException, or a RunEnvironmentException
    where nobody answers."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        from runwright.errors import RunwrightError, UnavailableError

        try:
            return function(*args, **kwargs)
        except RunwrightError as error:
            from azureml._sdk import exceptions

            kind = exceptions.RunEnvironmentException if isinstance(error, UnavailableError) else (
                exceptions.UserErrorException)
            raise exceptions.translated(error, kind)

    return call
