"""A multilayer perceptron in a loop of one's own, on the GPU unless told otherwise."""

import argparse
import os

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from azureml.core.run import Run
from chainer import Chain, datasets, iterators, optimizers, serializers
from chainer.backends.cuda import to_cpu
from chainer.dataset import concat_examples

run = Run.get_context()


class MyNetwork(Chain):
    def __init__(self, n_mid_units=100, n_out=10):
        super(MyNetwork, self).__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_mid_units)
            self.l2 = L.Linear(n_mid_units, n_out)

    def forward(self, x):
        return self.l2(F.relu(self.l1(x)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batchsize", "-b", type=int, default=100)
    parser.add_argument("--epochs", "-e", type=int, default=20)
    parser.add_argument("--output_dir", "-o", default="./outputs")
    parser.add_argument("--gpu_id", "-g", default=0)
    args = parser.parse_args()

    train, test = datasets.mnist.get_mnist(withlabel=True, ndim=1)
    gpu_id = args.gpu_id
    run.log("Batch size", np.int(args.batchsize))
    train_iter = iterators.SerialIterator(train, args.batchsize)
    test_iter = iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    model = MyNetwork()
    if gpu_id >= 0:
        chainer.backends.cuda.get_device_from_id(0).use()
        model.to_gpu()
    optimizer = optimizers.MomentumSGD(lr=0.05, momentum=0.9)
    optimizer.setup(model)

    while train_iter.epoch < args.epochs:
        image, target = concat_examples(train_iter.next(), gpu_id)
        loss = F.softmax_cross_entropy(model(image), target)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if train_iter.is_new_epoch:
            print("epoch:{:02d} train_loss:{:.04f}".format(train_iter.epoch, float(to_cpu(loss.array))))
            accuracies = []
            while True:
                image, target = concat_examples(test_iter.next(), gpu_id)
                accuracy = F.accuracy(model(image), target)
                accuracy.to_cpu()
                accuracies.append(accuracy.array)
                if test_iter.is_new_epoch:
                    test_iter.epoch = 0
                    test_iter.current_position = 0
                    test_iter.is_new_epoch = False
                    test_iter._pushed_position = None
                    break
            run.log("Accuracy", np.float(np.mean(accuracies)))
    print("Chainer", chainer.__version__)
    serializers.save_npz(os.path.join(args.output_dir, "model.npz"), model)


if __name__ == "__main__":
    main()
