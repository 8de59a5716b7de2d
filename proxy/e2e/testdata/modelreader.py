"""Who may read a model, and not its experiment, loads it and sees no more."""

import pathlib

import numpy as np

import mlflow
from setting import LOGGED_MODELS, as_if_absent, client, failure, lacking, prompts, refused, same
from theirs import NO_EXPERIMENT, NO_MODEL, NO_RUN, theirs

X, want = np.array([[0.0], [3.0]]), [0, 1]
model = theirs.model

for uri in (f"models:/{model}/1", f"models:/{model}@champion", f"models:/{model}/latest"):
    same(list(mlflow.sklearn.load_model(uri).predict(X)), want, f"sklearn model {uri}")
    same(list(mlflow.pyfunc.load_model(uri).predict(X)), want, f"pyfunc model {uri}")
local = mlflow.artifacts.download_artifacts(f"models:/{model}/1")
assert (pathlib.Path(local) / "MLmodel").exists(), list(pathlib.Path(local).iterdir())
files = [f.path for f in mlflow.artifacts.list_artifacts(f"models:/{model}/1")]
assert any(f.endswith("MLmodel") for f in files), files
same(client.get_registered_model(model).aliases, {"champion": "1"}, "aliases")
same([str(v.version) for v in client.search_model_versions(f"name = '{model}'")], ["1"], "versions")
same(prompts.load_prompt(theirs.prompt, version=1).format(who="you"), "Hello you", "prompt")

# The experiment, its run and what else the run logged are not there.
same(client.search_experiments(), [], "experiments")
as_if_absent(client.get_run, theirs.run_id, NO_RUN)
as_if_absent(client.get_experiment, theirs.experiment_id, NO_EXPERIMENT)
if LOGGED_MODELS:
    as_if_absent(lambda i: client.get_logged_model(i), theirs.model_id, NO_MODEL)
else:
    lacking("logged models")
refused(lambda: client.get_experiment_by_name(theirs.experiment), "read", "experiment", theirs.experiment)
private = theirs.artifact_uri + "/notes/private.txt"
e = failure(lambda: mlflow.artifacts.download_artifacts(private))
assert "of the owner" not in str(e), e

# And reading is all.
refused(lambda: client.set_registered_model_alias(model, "champion", "1"), "edit", "model", model)
refused(lambda: client.delete_model_version(model, "1"), "manage", "model", model)
print("passed")
