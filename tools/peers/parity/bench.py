"""One model and one set of images on both sides, and what each side says of the other's examples."""

import json
import pathlib
import subprocess
import time

import foolbox
import h5py
import torch
from model import seed_cnn
from safetensors.torch import load_file

LAYERS = ["conv1", "conv2", "fc1", "fc2"]


class Bench:
    """A store with one trained model, the same weights in PyTorch, and test rows that it gets right."""

    def __init__(self, retort: pathlib.Path, folder: pathlib.Path, data: str, count: int, epochs: int):
        self.retort, self.folder, self.data, self.count = retort, folder, data, count
        self.store = folder / "parity.h5"
        self.run("train", "--store", self.store, "--name", "net", "--data", data, "--architecture",
                 "cnn", "--epochs", epochs, "--seed", 1)
        self.run("convert", self.store, folder / "net.safetensors", "--checkpoint", "net")
        probe = self.attack("fgsm:epsilon=0.1", "probe")
        self.images = torch.from_numpy(probe["clean"])
        self.labels = torch.from_numpy(probe["label"]).long()
        self.model = self.load(load_file(folder / "net.safetensors"))
        self.is_right = (self.predict(self.images) == self.labels).numpy()
        self.foolbox = foolbox.PyTorchModel(self.model, bounds=(0, 1))

    def load(self, weights: dict) -> torch.nn.Module:
        model = seed_cnn(*self.images.shape[1:3]).eval()
        layers = [layer for layer in model if hasattr(layer, "weight")]
        for name, layer in zip(LAYERS, layers, strict=True):
            layer.weight.data = weights[f"{name}.weight"]
            layer.bias.data = weights[f"{name}.bias"]
        return model.requires_grad_(False)

    def run(self, *arguments, accepts: tuple = (0,)) -> str:
        command = [str(self.retort), *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode not in accepts:
            raise SystemExit(f"{' '.join(command)}\n{result.stderr}")
        return result.stdout

    def attack(self, attack: str, name: str) -> dict:
        """Our set's arrays, and the `seconds` it took."""
        record = json.loads(self.run(
            "attack", "--store", self.store, "--checkpoint", "net", "--data", f"{self.data}/test",
            "--count", self.count, "--attack", attack, "--name", name, "--json"))
        keys = ("adversarial", "clean", "label", "target", "status", "distance")
        with h5py.File(self.store) as file:
            arrays = {key: file[f"adversarial/{name}"][key][()] for key in keys}
        return {**arrays, "seconds": record["seconds"]}

    def predict(self, images) -> torch.Tensor:
        """The classes that PyTorch sees."""
        with torch.no_grad():
            images = torch.as_tensor(images).detach()
            return torch.cat([self.model(part).argmax(1) for part in images.split(256)])

    def accuracy(self, images) -> float:
        """PyTorch's accuracy on examples of these images."""
        return float((self.predict(images) == self.labels).float().mean())

    def our_accuracy(self, images, name: str) -> float:
        """Our model's accuracy on the peers' examples, handed over in a file."""
        path = self.folder / f"{name}.pt"
        torch.save({"adv_inputs": torch.as_tensor(images).detach(), "labels": self.labels,
                    "clean_inputs": self.images, "save_type": "float"}, path)
        self.run("import", path, "--store", self.store, "--name", name, "--norm", "linf", "--epsilon", 1)
        text = self.run("evaluate", "--store", self.store, "--checkpoint", "net", "--set", name, "--json",
                        accepts=(0, 1))
        return json.loads(text)["results"][0]["adversarial_accuracy"]


def timed(attack):
    """The result and the seconds it took."""
    start = time.perf_counter()
    result = attack()
    return result, time.perf_counter() - start
