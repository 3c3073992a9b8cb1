"""A graph of TensorFlow 1 on MNIST, which it downloads by itself."""

from __future__ import print_function

import argparse
import os

import numpy as np
import tensorflow as tf
from azureml.core import Run
from tensorflow.examples.tutorials.mnist import input_data

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder", type=str, dest="data_folder", default="data")
parser.add_argument("--batch-size", type=int, dest="batch_size", default=50)
parser.add_argument("--first-layer-neurons", type=int, dest="n_hidden_1", default=100)
parser.add_argument("--learning-rate", type=float, dest="learning_rate", default=0.1)
parser.add_argument("--epochs", type=int, default=2)
args = parser.parse_args()

mnist = input_data.read_data_sets(args.data_folder, one_hot=False, validation_size=500)
X = tf.placeholder(tf.float32, shape=(None, 28 * 28), name="X")
y = tf.placeholder(tf.int64, shape=(None), name="y")
with tf.name_scope("network"):
    h1 = tf.layers.dense(X, args.n_hidden_1, activation=tf.nn.relu, name="h1")
    output = tf.layers.dense(h1, 10, name="output")
with tf.name_scope("train"):
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=output), name="loss")
    train_op = tf.train.GradientDescentOptimizer(args.learning_rate).minimize(loss)
with tf.name_scope("eval"):
    acc_op = tf.reduce_mean(tf.cast(tf.nn.in_top_k(output, y, 1), tf.float32))

init = tf.global_variables_initializer()
saver = tf.train.Saver()
run = Run.get_context()
with tf.Session(config=tf.ConfigProto(log_device_placement=False)) as sess:
    init.run()
    while mnist.train.epochs_completed < args.epochs:
        X_batch, y_batch = mnist.train.next_batch(args.batch_size)
        sess.run(train_op, feed_dict={X: X_batch, y: y_batch})
    acc_val = acc_op.eval(feed_dict={X: mnist.test.images, y: mnist.test.labels})
    run.log("validation_acc", np.float(acc_val))
    print("TensorFlow", tf.__version__, "Validation accuracy:", acc_val)
    os.makedirs("./outputs/model", exist_ok=True)
    saver.save(sess, "./outputs/model/mnist-tf.model")

tf.reset_default_graph()
again = tf.train.import_meta_graph("./outputs/model/mnist-tf.model.meta")
with tf.Session() as sess:
    again.restore(sess, tf.train.latest_checkpoint("./outputs/model"))
    run.log("restored_sum", np.float(sess.run("h1/kernel:0").sum()))
