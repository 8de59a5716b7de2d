"""Editing is not managing: what an editor may not, beside who made a run."""

import mlflow
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from setting import LOGGED_MODELS, MODEL_PREFIX, PREFIX, client, lacking, refused, same
from theirs import theirs

experiment, model = theirs.experiment, theirs.model
on_experiment, on_model = ("manage", "experiment", experiment), ("manage", "model", model)

# Of a colleague: write, not delete.
client.set_tag(theirs.run_id, "seen", "yes")
same(client.get_run(theirs.run_id).data.tags["seen"], "yes", "tag on a colleague's run")
refused(lambda: client.delete_run(theirs.run_id), *on_experiment)
refused(lambda: client.restore_run(theirs.run_id), *on_experiment)
refused(lambda: client.delete_experiment(theirs.experiment_id), *on_experiment)
refused(lambda: client.rename_experiment(theirs.experiment_id, experiment + "2"), *on_experiment)
if LOGGED_MODELS:
    refused(lambda: client.delete_logged_model(theirs.model_id), *on_experiment)
else:
    lacking("logged models")
refused(lambda: client.delete_registered_model(model), *on_model)
refused(lambda: client.delete_model_version(model, "1"), *on_model)
refused(lambda: client.rename_registered_model(model, model + "2"), *on_model)
refused(lambda: get_artifact_repository(theirs.artifact_uri).delete_artifacts("notes"), *on_experiment)

# Of one's own: the run and its artifacts, nothing above them.
own = client.create_experiment(f"{PREFIX}/editor")
run = client.create_run(own)
client.log_text(run.info.run_id, "x", "x.txt")
get_artifact_repository(run.info.artifact_uri).delete_artifacts("x.txt")
same(client.list_artifacts(run.info.run_id), [], "artifacts of the own run")
client.delete_run(run.info.run_id)
same(client.get_run(run.info.run_id).info.lifecycle_stage, "deleted", "own run")
client.restore_run(run.info.run_id)
same(client.get_run(run.info.run_id).info.lifecycle_stage, "active", "own run, restored")
refused(lambda: client.delete_experiment(own), "manage", "experiment", f"{PREFIX}/editor")
client.create_registered_model(f"{MODEL_PREFIX}.editor")
refused(lambda: client.delete_registered_model(f"{MODEL_PREFIX}.editor"), "manage", "model", f"{MODEL_PREFIX}.editor")
print("passed")
