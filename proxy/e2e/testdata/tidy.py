"""Renaming, deleting, restoring: what `manage` is for."""

import mlflow
from mlflow.entities import ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from setting import LOGGED_MODELS, MODEL_PREFIX, PREFIX, client, lacking, missing, same

name = f"{PREFIX}/tidy"
experiment_id = client.create_experiment(name)
run_id = client.create_run(experiment_id).info.run_id

client.rename_experiment(experiment_id, name + "-renamed")
same(client.get_experiment(experiment_id).name, name + "-renamed", "renamed experiment")
same(client.get_experiment_by_name(name), None, "old name")

client.delete_run(run_id)
same(client.get_run(run_id).info.lifecycle_stage, "deleted", "deleted run")
same(len(client.search_runs([experiment_id])), 0, "active runs")
same(len(client.search_runs([experiment_id], run_view_type=ViewType.DELETED_ONLY)), 1, "deleted runs")
client.restore_run(run_id)
same(client.get_run(run_id).info.lifecycle_stage, "active", "restored run")

client.log_text(run_id, "x", "folder/x.txt")
store = get_artifact_repository(mlflow.get_run(run_id).info.artifact_uri)
store.delete_artifacts("folder/x.txt")
same([f.path for f in client.list_artifacts(run_id, "folder")], [], "artifacts after deleting one")

client.delete_experiment(experiment_id)
same(client.get_experiment(experiment_id).lifecycle_stage, "deleted", "deleted experiment")
gone = client.search_experiments(ViewType.DELETED_ONLY, filter_string=f"name LIKE '{name}%'")
same([e.experiment_id for e in gone], [experiment_id], "deleted experiments")
client.restore_experiment(experiment_id)
same(client.get_experiment(experiment_id).lifecycle_stage, "active", "restored experiment")

if LOGGED_MODELS:
    logged = mlflow.initialize_logged_model(name="m", experiment_id=experiment_id)
    mlflow.finalize_logged_model(logged.model_id, "READY")
    client.delete_logged_model(logged.model_id)
    same(mlflow.search_logged_models([experiment_id], output_format="list"), [], "logged models")
else:
    lacking("logged models")

model = f"{MODEL_PREFIX}.tidy"
client.create_registered_model(model)
version = client.create_model_version(model, f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts", run_id)
client.rename_registered_model(model, model + "-renamed")
same(client.get_registered_model(model + "-renamed").name, model + "-renamed", "renamed model")
missing(lambda: client.get_registered_model(model), model)
client.delete_model_version(model + "-renamed", version.version)
same(len(client.search_model_versions(f"name = '{model}-renamed'")), 0, "versions")
client.delete_registered_model(model + "-renamed")
missing(lambda: client.get_registered_model(model + "-renamed"), model)
print("passed")
