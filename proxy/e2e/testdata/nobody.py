"""Signed in, and no line of the policy names them."""

import mlflow
from setting import as_if_absent, client, refused, same
from theirs import NO_EXPERIMENT, NO_RUN, theirs

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
print("passed")
