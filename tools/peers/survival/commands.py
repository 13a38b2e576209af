"""The commands that are cut short, each as it would be typed."""

import pathlib

from .tool import DATA, LABELLED


def writing(store: pathlib.Path, number: int) -> dict[str, list]:
    """Commands that change a store or make a file of it; `number` makes their names new."""
    folder = store.parent
    weights = folder / "weights.safetensors"
    return {
        "train": ["train", "--store", store, "--name", f"net{number}", "--data", DATA, "--architecture", "mlp",
                  "--epochs", 3, "--seed", number],
        "label": ["label", "--store", store, "--checkpoint", "teacher", "--data", LABELLED, "--name", f"labels{number}"],
        "attack": ["attack", "--store", store, "--checkpoint", "teacher", "--data", "digits/test", "--count", 32,
                   "--attack", "fgsm:epsilon=0.2", "--name", f"set{number}"],
        "convert out": ["convert", store, folder / f"out{number}.safetensors", "--checkpoint", "teacher"],
        "convert in": ["convert", weights, store, "--as", f"copied{number}"],
        "copy": ["copy", store, "teacher", folder / "other.h5", "--as", f"copy{number}"],
        "remove": ["remove", store, "teacher@1"],
        "compact": ["compact", store],
    }
