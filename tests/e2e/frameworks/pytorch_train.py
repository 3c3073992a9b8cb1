"""Fine-tunes a pretrained ResNet on a zip of pictures, as training scripts of 2019 do."""

from __future__ import division, print_function

import argparse
import copy
import os
import urllib
from zipfile import ZipFile

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from azureml.core.run import Run
from torch.optim import lr_scheduler
from torchvision import datasets, models, transforms

run = Run.get_context()


def download_data(url):
    zip_file = "./pictures.zip"
    urllib.request.urlretrieve(url, filename=zip_file)
    with ZipFile(zip_file, "r") as archive:
        archive.extractall()
    os.remove(zip_file)
    return "./pictures"


def load_data(data_dir):
    steps = transforms.Compose([transforms.Resize(32), transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    image_datasets = {x: datasets.ImageFolder(os.path.join(data_dir, x), steps) for x in ["train", "val"]}
    loaders = {x: torch.utils.data.DataLoader(image_datasets[x], batch_size=20, shuffle=True, num_workers=1) for x in ["train", "val"]}
    return loaders, {x: len(image_datasets[x]) for x in ["train", "val"]}, image_datasets["train"].classes


def train_model(model, criterion, optimizer, scheduler, num_epochs, data_dir):
    loaders, sizes, class_names = load_data(data_dir)
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    best, best_acc = copy.deepcopy(model.state_dict()), 0.0
    for epoch in range(num_epochs):
        print("Epoch {}/{}".format(epoch, num_epochs - 1))
        for phase in ["train", "val"]:
            model.train(phase == "train")
            right = 0
            for inputs, labels in loaders[phase]:
                inputs, labels = inputs.to(device), labels.to(device)
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                        optimizer.step()
                right += torch.sum(preds == labels.data)
            if phase == "train":
                scheduler.step()
            acc = right.double() / sizes[phase]
            print("{} Acc: {:.4f}".format(phase, acc))
            if phase == "val" and acc > best_acc:
                best_acc, best = acc, copy.deepcopy(model.state_dict())
            run.log("best_val_acc", np.float(best_acc))
    model.load_state_dict(best)
    return model, class_names


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--num_epochs", type=int, default=25)
    parser.add_argument("--output_dir", type=str)
    parser.add_argument("--data_url", type=str)
    parser.add_argument("--learning_rate", type=float, default=0.02)
    parser.add_argument("--momentum", type=float, default=0.9)
    args = parser.parse_args()
    torch.manual_seed(7)
    torch.set_num_threads(1)
    data_dir = download_data(args.data_url)
    run.log("lr", np.float(args.learning_rate))
    model = models.resnet18(pretrained=True)
    model.fc = nn.Linear(model.fc.in_features, 3)
    optimizer = optim.SGD(model.parameters(), lr=args.learning_rate, momentum=args.momentum)
    scheduler = lr_scheduler.StepLR(optimizer, step_size=7, gamma=0.1)
    model, class_names = train_model(model, nn.CrossEntropyLoss(), optimizer, scheduler, args.num_epochs, data_dir)
    print("PyTorch", torch.__version__, "classes", class_names)
    os.makedirs(args.output_dir, exist_ok=True)
    path = os.path.join(args.output_dir, "model.pt")
    torch.save(model, path)
    again = torch.load(path)  # the whole model
    run.log("parameters", np.int(sum(p.numel() for p in again.parameters())))


if __name__ == "__main__":
    main()
