"""Handwritten digits with a regularized logistic regression, as of scikit-learn 0.20."""

import argparse
import os

import numpy as np
import sklearn
from azureml.core.run import Run
from sklearn.datasets import load_digits
from sklearn.externals import joblib
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

run = Run.get_submitted_run()
parser = argparse.ArgumentParser()
parser.add_argument("--regularization", type=float, dest="reg", default=0.01)
args = parser.parse_args()

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16.0, y, test_size=0.3, random_state=0)
model = LogisticRegression(C=1.0 / args.reg, solver="liblinear", multi_class="auto", random_state=42)
model.fit(X_train, y_train)
accuracy = np.average(model.predict(X_test) == y_test)
run.log("regularization rate", np.float(args.reg))
run.log("accuracy", np.float(accuracy))
print("scikit-learn", sklearn.__version__, "joblib", joblib.__version__, "accuracy", accuracy)
os.makedirs("outputs", exist_ok=True)
joblib.dump(value=model, filename="outputs/sklearn_mnist_model.pkl")
