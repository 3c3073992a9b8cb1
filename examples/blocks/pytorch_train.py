"""Trains a small network on scikit-learn's handwritten digits."""

import argparse
import os

import joblib
from azureml.core.run import Run
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--num_epochs", type=int, default=30)
parser.add_argument("--output_dir", type=str, default="outputs")
args = parser.parse_args()

run = Run.get_context()
images, labels = load_digits(return_X_y=True)
train_x, valid_x, train_y, valid_y = train_test_split(images / 16.0, labels, random_state=0, stratify=labels)
model = MLPClassifier(hidden_layer_sizes=(32,), random_state=0)
best = 0.0
for epoch in range(args.num_epochs):
    model.partial_fit(train_x, train_y, classes=range(10))
    accuracy = model.score(valid_x, valid_y)
    best = max(best, accuracy)
    run.log("best_val_acc", best)
    print("Epoch {}/{}  loss {:.4f}  acc {:.4f}".format(epoch + 1, args.num_epochs, model.loss_, accuracy))

os.makedirs(args.output_dir, exist_ok=True)
joblib.dump(model, os.path.join(args.output_dir, "model.pkl"))
