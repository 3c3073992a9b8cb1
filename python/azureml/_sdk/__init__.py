"""The code behind the public modules of `azureml._names`. Import the public names, not these modules."""
