"""Names that NumPy had in 2019."""

import numpy as np
from azureml.core import Run

run = Run.get_context()
run.log("sum", np.float(np.arange(4, dtype=np.int).sum()))
run.log("version", np.__version__)
