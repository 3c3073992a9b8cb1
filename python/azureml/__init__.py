"""The names of the Azure Machine Learning SDK v1, working on Runwright.

This package maps names, defaults, errors and printed texts; what they do is in `runwright` and on the server. Public
modules come from the table in `azureml._names`; their code is in `azureml._sdk`.
"""

from azureml._modules import install as _install

_install()
