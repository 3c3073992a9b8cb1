"""Trains a linear classifier on scikit-learn's handwritten digits and logs how it goes."""

import argparse
import os

import joblib
import numpy as np
from azureml.core import Run
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--alpha", type=float, default=1e-3, help="strength of the regularization")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

run = Run.get_context()
run.tag("data", "scikit-learn digits")

images, labels = load_digits(return_X_y=True)
images = images / 16.0
train_x, held_x, train_y, held_y = train_test_split(
    images, labels, test_size=0.25, random_state=args.seed, stratify=labels)
train_x, valid_x, train_y, valid_y = train_test_split(
    train_x, train_y, test_size=0.2, random_state=args.seed, stratify=train_y)
print("%d images to train on, %d to validate, %d held out" % (len(train_x), len(valid_x), len(held_x)))

classes = np.unique(labels)
model = SGDClassifier(loss="log_loss", alpha=args.alpha, random_state=args.seed)
order = np.random.RandomState(args.seed)

for epoch in range(args.epochs):
    shuffled = order.permutation(len(train_x))
    for begin in range(0, len(shuffled), args.batch_size):
        batch = shuffled[begin:begin + args.batch_size]
        model.partial_fit(train_x[batch], train_y[batch], classes=classes)
        run.log("batch accuracy", model.score(train_x[batch], train_y[batch]))
    loss = log_loss(valid_y, model.predict_proba(valid_x), labels=classes)
    accuracy = model.score(valid_x, valid_y)
    run.log("loss", loss, step=epoch)
    run.log("accuracy", accuracy, step=epoch)
    print("epoch %2d  loss %.4f  accuracy %.4f" % (epoch + 1, loss, accuracy))

run.log("alpha", args.alpha)
joblib.dump(model, os.path.join("outputs", "model.pkl"))
np.savez(os.path.join("outputs", "held_out.npz"), images=held_x, labels=held_y)
print("outputs/model.pkl and outputs/held_out.npz are written")
