"""A big file, in parts straight to the store and back, or through the server."""

import hashlib
import os
import pathlib
import tempfile

import mlflow
from setting import PREFIX, client, same

mlflow.set_experiment(f"{PREFIX}/transfers")
here = pathlib.Path(tempfile.mkdtemp())


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


with mlflow.start_run() as run:
    source = here / "big file ü.bin"
    source.write_bytes(os.urandom(1 << 20) * 20)
    mlflow.log_artifact(str(source), "deep/er")
    mlflow.log_text("small", "small.txt")
    run_id = run.info.run_id
back = mlflow.artifacts.download_artifacts(f"runs:/{run_id}/deep/er/{source.name}")
same(digest(back), digest(source), "20 MiB, there and back")
same(mlflow.artifacts.load_text(f"runs:/{run_id}/small.txt"), "small", "a small file")
listed = client.list_artifacts(run_id, "deep/er")
same([(f.path, f.file_size) for f in listed], [(f"deep/er/{source.name}", 20 << 20)], "listed size")
print("passed")
