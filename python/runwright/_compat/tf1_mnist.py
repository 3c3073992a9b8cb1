"""The stand-in for tensorflow.examples.tutorials.mnist.input_data: MNIST's four files as arrays, in batches."""

import collections
import gzip
import os
import struct

import numpy

SOURCE_URL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
TRAIN_IMAGES, TRAIN_LABELS = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"

Datasets = collections.namedtuple("Datasets", ["train", "validation", "test"])


def maybe_download(filename, work_directory, source_url):
    """The path of `filename` in the folder, downloaded where it is not there."""
    from urllib.request import urlretrieve

    os.makedirs(work_directory, exist_ok=True)
    path = os.path.join(work_directory, filename)
    if not os.path.exists(path):
        part = "%s.%d.part" % (path, os.getpid())
        urlretrieve(source_url, part)
        os.rename(part, path)
        print("Successfully downloaded", filename, os.path.getsize(path), "bytes.")
    return path


def _read(file, magic, dimensions):
    print("Extracting", getattr(file, "name", file))
    with gzip.GzipFile(fileobj=file) as stream:
        data = stream.read()
    head = struct.unpack_from(">%dI" % (dimensions + 1), data)
    if head[0] != magic:
        raise ValueError("Invalid magic number %d in MNIST file: %s" % (head[0], getattr(file, "name", file)))
    return numpy.frombuffer(data, numpy.uint8, offset=4 * (dimensions + 1)).reshape(head[1:])


def extract_images(file):
    """uint8 [index, y, x, 1] of an open idx3 .gz file."""
    images = _read(file, 2051, 3)
    return images.reshape(images.shape + (1,))


def extract_labels(file, one_hot=False, num_classes=10):
    """uint8 [index] of an open idx1 .gz file, or one row of zeros and a one for each."""
    labels = _read(file, 2049, 1)
    return numpy.eye(num_classes)[labels] if one_hot else labels


def _dtype(dtype):
    return numpy.dtype(getattr(dtype, "as_numpy_dtype", dtype))


class DataSet(object):
    """Images and labels that are handed out in batches, shuffled anew each epoch."""

    def __init__(self, images, labels, fake_data=False, one_hot=False, dtype=numpy.float32, reshape=True, seed=None):
        dtype = _dtype(dtype)
        if dtype not in (numpy.uint8, numpy.float32):
            raise TypeError("Invalid image dtype %r, expected uint8 or float32" % dtype)
        if fake_data:
            raise ValueError("fake_data is not there: give read_data_sets a folder with MNIST's files")
        if len(images) != len(labels):
            raise ValueError("images.shape: %s labels.shape: %s" % (images.shape, labels.shape))
        if reshape:
            images = images.reshape(images.shape[0], -1)
        if dtype == numpy.float32:
            images = images.astype(numpy.float32) * numpy.float32(1.0 / 255.0)
        self._images, self._labels = images, labels
        self._random = numpy.random.RandomState(seed)
        self._epochs_completed = self._index = 0

    images = property(lambda self: self._images)
    labels = property(lambda self: self._labels)
    num_examples = property(lambda self: len(self._images))
    epochs_completed = property(lambda self: self._epochs_completed)

    def _shuffle(self):
        order = self._random.permutation(len(self._images))
        self._images, self._labels = self._images[order], self._labels[order]

    def next_batch(self, batch_size, fake_data=False, shuffle=True):
        """The next `batch_size` examples: `(images, labels)`. A batch may span two epochs."""
        if self._epochs_completed == 0 and self._index == 0 and shuffle:
            self._shuffle()
        end = self._index + batch_size
        images, labels = self._images[self._index:end], self._labels[self._index:end]
        self._index = end
        if end < len(self._images) or len(images) == batch_size:
            return images, labels
        self._epochs_completed += 1
        if shuffle:
            self._shuffle()
        self._index = batch_size - len(images)
        return (numpy.concatenate([images, self._images[:self._index]]), numpy.concatenate([labels, self._labels[:self._index]]))


def read_data_sets(train_dir, fake_data=False, one_hot=False, dtype=numpy.float32, reshape=True, validation_size=5000, seed=None,
                   source_url=SOURCE_URL):
    """Datasets(train, validation, test) of the files in `train_dir`, downloaded below `source_url` where they are not there."""
    base = source_url or SOURCE_URL

    def images(name):
        with open(maybe_download(name, train_dir, base + name), "rb") as file:
            return extract_images(file)

    def labels(name):
        with open(maybe_download(name, train_dir, base + name), "rb") as file:
            return extract_labels(file, one_hot=one_hot)

    train_images, train_labels = images(TRAIN_IMAGES), labels(TRAIN_LABELS)
    if not 0 <= validation_size <= len(train_images):
        raise ValueError("Validation size should be between 0 and %d. Received: %d." % (len(train_images), validation_size))

    def made(some_images, some_labels):
        return DataSet(some_images, some_labels, fake_data=fake_data, dtype=dtype, reshape=reshape, seed=seed)

    return Datasets(
        train=made(train_images[validation_size:], train_labels[validation_size:]),
        validation=made(train_images[:validation_size], train_labels[:validation_size]),
        test=made(images(TEST_IMAGES), labels(TEST_LABELS)),
    )
