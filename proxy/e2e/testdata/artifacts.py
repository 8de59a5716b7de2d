"""Artifacts of a run: every way in and out that the client has."""

import hashlib
import os
import pathlib
import tempfile

import numpy as np

import mlflow
from setting import PREFIX, client, same

# Names that are legal in MLflow and have tripped proxies.
ODD_NAMES = ["with blank.txt", "ümläut.txt", "100%.txt", "a+b.txt", "semi;colon.txt", "and&and.txt", "hash-less=.txt"]

mlflow.set_experiment(f"{PREFIX}/artifacts")
here = pathlib.Path(tempfile.mkdtemp())


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def paths(run_id, below=None):
    return sorted(f.path for f in client.list_artifacts(run_id, below))


def texts(run_id):
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": [1, 2]}, "notes/a.json")
    same(mlflow.artifacts.load_text(f"runs:/{run_id}/notes/hello.txt"), "hello", "text")
    same(mlflow.artifacts.load_dict(f"runs:/{run_id}/notes/a.json"), {"a": [1, 2]}, "dict")
    same(paths(run_id, "notes"), ["notes/a.json", "notes/hello.txt"], "listing of a folder")


def pictures(run_id):
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    same(mlflow.artifacts.load_image(f"runs:/{run_id}/black.png").size, (4, 4), "image")
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure = pyplot.figure()
    mlflow.log_figure(figure, "plots/empty.png")
    same(paths(run_id, "plots"), ["plots/empty.png"], "listing after log_figure")


def table(run_id):
    mlflow.log_table({"q": ["one"], "a": ["eins"]}, "qa.json")
    mlflow.log_table({"q": ["two"], "a": ["zwei"]}, "qa.json")
    same(list(mlflow.load_table("qa.json", run_ids=[run_id])["a"]), ["eins", "zwei"], "table")


def folder(run_id):
    (here / "tree" / "deep").mkdir(parents=True)
    (here / "tree" / "top.txt").write_text("top")
    (here / "tree" / "deep" / "low.txt").write_text("low")
    mlflow.log_artifacts(str(here / "tree"), "tree")
    same(paths(run_id, "tree"), ["tree/deep", "tree/top.txt"], "listing with a folder in it")
    out = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="tree", dst_path=str(here / "out"))
    same((pathlib.Path(out) / "deep" / "low.txt").read_text(), "low", "file of a downloaded folder")


def big(run_id):
    source = here / "big.bin"
    source.write_bytes(os.urandom(1 << 20) * 24)
    mlflow.log_artifact(str(source), "big")
    back = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/big/big.bin")
    same(digest(back), digest(source), "24 MiB, there and back")
    listed = client.list_artifacts(run_id, "big")
    same([(f.path, f.file_size) for f in listed], [("big/big.bin", 24 << 20)], "listed size")


def empty(run_id):
    (here / "empty.txt").write_bytes(b"")
    mlflow.log_artifact(str(here / "empty.txt"))
    back = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/empty.txt")
    same(pathlib.Path(back).read_bytes(), b"", "an empty file")


def odd_names(run_id):
    for name in ODD_NAMES:
        (here / name).write_text(name)
        mlflow.log_artifact(str(here / name), "odd")
    same(paths(run_id, "odd"), sorted(f"odd/{n}" for n in ODD_NAMES), "listing of odd names")
    for name in ODD_NAMES:
        back = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=f"odd/{name}")
        same(pathlib.Path(back).read_text(), name, f"file {name}")


def by_uri(run_id):
    uri = mlflow.get_artifact_uri("notes")
    assert uri.startswith("mlflow-artifacts:/"), uri
    listed = mlflow.artifacts.list_artifacts(artifact_uri=uri)
    same(sorted(f.path for f in listed), ["notes/a.json", "notes/hello.txt"], "listing by URI")
    back = mlflow.artifacts.download_artifacts(artifact_uri=uri + "/hello.txt")
    same(pathlib.Path(back).read_text(), "hello", "download by URI")


with mlflow.start_run() as run:
    for part in (texts, pictures, table, folder, big, empty, odd_names, by_uri):
        part(run.info.run_id)
print("passed")
