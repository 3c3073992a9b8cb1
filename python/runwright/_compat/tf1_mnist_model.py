"""The stand-in for tensorflow.examples.tutorials.mnist.mnist: two hidden layers, their loss, training and evaluation."""

import math

import tensorflow as tf

NUM_CLASSES = 10
IMAGE_SIZE = 28
IMAGE_PIXELS = IMAGE_SIZE * IMAGE_SIZE


def _layer(scope, inputs, columns, rows):
    with tf.name_scope(scope):
        weights = tf.Variable(tf.truncated_normal([columns, rows], stddev=1.0 / math.sqrt(float(columns))), name="weights")
        return tf.matmul(inputs, weights) + tf.Variable(tf.zeros([rows]), name="biases")


def inference(images, hidden1_units, hidden2_units):
    """Logits [batch, NUM_CLASSES] of images [batch, IMAGE_PIXELS]."""
    hidden1 = tf.nn.relu(_layer("hidden1", images, IMAGE_PIXELS, hidden1_units))
    hidden2 = tf.nn.relu(_layer("hidden2", hidden1, hidden1_units, hidden2_units))
    return _layer("softmax_linear", hidden2, hidden2_units, NUM_CLASSES)


def loss(logits, labels):
    """Mean cross entropy; labels are integers."""
    return tf.losses.sparse_softmax_cross_entropy(labels=tf.cast(labels, tf.int64), logits=logits)


def training(loss, learning_rate):
    """The operation of one step of gradient descent."""
    tf.summary.scalar("loss", loss)
    step = tf.Variable(0, name="global_step", trainable=False)
    return tf.train.GradientDescentOptimizer(learning_rate).minimize(loss, global_step=step)


def evaluation(logits, labels):
    """How many examples of the batch are right."""
    return tf.reduce_sum(tf.cast(tf.nn.in_top_k(predictions=logits, targets=labels, k=1), tf.int32))
