"""Scores a model on the part of the data that its training never saw."""

import argparse

import joblib
import numpy as np
from azureml.core import Run

parser = argparse.ArgumentParser()
parser.add_argument("--model", default="model.pkl")
parser.add_argument("--data", default="held_out.npz")
args = parser.parse_args()

run = Run.get_context()
model = joblib.load(args.model)
with np.load(args.data) as data:
    images, labels = data["images"], data["labels"]

predicted = model.predict(images)
for digit in range(10):
    chosen = labels == digit
    run.log_row("per digit", digit=digit, images=int(chosen.sum()), right=int((predicted[chosen] == digit).sum()))
accuracy = float((predicted == labels).mean())
run.log("accuracy", accuracy)
print("%d of %d held-out digits are read right: %.1f %%" % ((predicted == labels).sum(), len(labels), 100 * accuracy))
