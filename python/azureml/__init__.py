"""The names of the Azure Machine Learning SDK v1, working on Runwright.

This package maps names, defaults, errors and printed texts; what they do is in `runwright` and on the server. Public
modules come from the table in `azureml._names`; their code is in `azureml._sdk`.
"""

import sys

if sys.version_info < (3, 6):
    raise ImportError("Runwright's Python packages need Python 3.6 or newer; this is Python %d.%d (%s)" % (
        sys.version_info[0], sys.version_info[1], sys.executable))

from azureml._modules import install as _install

_install()
