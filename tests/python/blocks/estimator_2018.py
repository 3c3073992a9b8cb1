"""Cells of a page of 2018 on the generic estimator, one after another."""
# ruff: noqa
# fmt: off

# %%
from azureml.train.estimator import Estimator

script_params = {
    '--data-folder': ds.as_mount(),
    '--regularization': 0.8
}

sk_est = Estimator(source_directory='./my-sklearn-proj',
                   script_params=script_params,
                   compute_target=compute_target,
                   entry_script='train.py',
                   conda_packages=['scikit-learn'])

# %%
run = experiment.submit(sk_est)
print(run.get_details().status)
