"""Signed in, and no line of the policy names them."""

import mlflow
from setting import as_if_absent, client, lacking, refused, same
from theirs import NEWER, NO_DATASET, NO_EXPERIMENT, NO_RUN, NO_TRACE, theirs

same(client.search_experiments(), [], "experiments")
same(list(client.search_registered_models()), [], "models")
same(list(client.search_model_versions()), [], "versions")
same(list(client.search_runs([theirs.experiment_id])), [], "runs")
same(mlflow.search_experiments(), [], "experiments, again")
refused(lambda: client.create_experiment("mine"), "edit", "experiment", "mine")
refused(lambda: client.create_registered_model("mine"), "edit", "model", "mine")
refused(lambda: mlflow.set_experiment("mine"), "experiment", "mine")
refused(lambda: client.get_registered_model(theirs.model), "read", "model", theirs.model)
# Experiment 0 is on every server: it is asked for by its name.
refused(lambda: mlflow.start_run(), "edit", "experiment", "Default")
refused(lambda: client.get_experiment("0"), "read", "experiment", "Default")
as_if_absent(client.get_experiment, theirs.experiment_id, NO_EXPERIMENT)
as_if_absent(client.get_run, theirs.run_id, NO_RUN)
if NEWER:
    as_if_absent(client.get_trace, theirs.trace_id, NO_TRACE)
    as_if_absent(lambda i: mlflow.genai.get_dataset(dataset_id=i), theirs.dataset_id, NO_DATASET)
    same(list(client.search_traces(locations=[theirs.experiment_id])), [], "traces")
    same(list(mlflow.genai.search_datasets()), [], "datasets")
else:
    lacking("traces and evaluation as they are now")
print("passed")
