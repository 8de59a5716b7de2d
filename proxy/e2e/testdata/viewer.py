"""A reader sees all of it and changes none of it."""

import numpy as np
from sklearn.linear_model import LogisticRegression

import mlflow
from setting import LOGGED_MODELS, client, lacking, log_sklearn, prompts, refused, same
from theirs import theirs

X = np.array([[0.0], [3.0]])
experiment, model, run = theirs.experiment, theirs.model, theirs.run_id

same(client.get_experiment_by_name(experiment).experiment_id, theirs.experiment_id, "experiment by name")
same(experiment in [e.name for e in client.search_experiments()], True, "experiment in the search")
got = client.get_run(run)
same((got.data.params["secret_param"], got.data.metrics["loss"]), ("of-the-owner", 0.5), "the run")
same([r.info.run_id for r in client.search_runs([theirs.experiment_id])], [run], "search_runs")
same(mlflow.artifacts.load_text(f"{theirs.artifact_uri}/notes/private.txt"), "of the owner", "artifact")
same([m.name for m in client.search_registered_models(f"name = '{model}'")], [model], "registered models")
same(list(mlflow.sklearn.load_model(f"models:/{model}@champion").predict(X)), [0, 1], "loaded model")
same(prompts.load_prompt(theirs.prompt, version=1).format(who="you"), "Hello you", "prompt")

on_experiment, on_model = ("experiment", experiment), ("model", model)
refused(lambda: client.create_run(theirs.experiment_id), "edit", *on_experiment)
refused(lambda: client.log_metric(run, "loss", 0.1), "edit", *on_experiment)
refused(lambda: client.log_batch(run, params=[mlflow.entities.Param("a", "b")]), "edit", *on_experiment)
refused(lambda: client.set_tag(run, "k", "v"), "edit", *on_experiment)
refused(lambda: client.set_experiment_tag(theirs.experiment_id, "k", "v"), "edit", *on_experiment)
refused(lambda: client.update_run(run, name="mine"), "edit", *on_experiment)
refused(lambda: client.log_text(run, "x", "x.txt"), "edit", *on_experiment)
refused(lambda: client.delete_run(run), "manage", *on_experiment)
refused(lambda: client.delete_experiment(theirs.experiment_id), "manage", *on_experiment)
refused(lambda: client.rename_experiment(theirs.experiment_id, experiment + "2"), "manage", *on_experiment)
refused(lambda: client.create_experiment(experiment + "/new"), "edit", "experiment", experiment + "/new")
refused(lambda: client.create_registered_model(model + ".new"), "edit", "model", model + ".new")
refused(lambda: client.create_model_version(model, f"models:/{model}/1"), "edit", *on_model)
refused(lambda: client.set_registered_model_alias(model, "champion", "1"), "edit", *on_model)
refused(lambda: client.transition_model_version_stage(model, "1", "Production"), "edit", *on_model)
refused(lambda: client.set_registered_model_tag(model, "k", "v"), "edit", *on_model)
refused(lambda: client.set_model_version_tag(model, "1", "k", "v"), "edit", *on_model)
refused(lambda: client.update_registered_model(model, "mine"), "edit", *on_model)
refused(lambda: client.rename_registered_model(model, model + "2"), "manage", *on_model)
refused(lambda: client.delete_model_version(model, "1"), "manage", *on_model)
refused(lambda: client.delete_registered_model(model), "manage", *on_model)
refused(lambda: prompts.register_prompt(theirs.prompt, "Bye"), "edit", "model", theirs.prompt)

if LOGGED_MODELS:
    seen = client.search_logged_models([theirs.experiment_id])
    same([m.model_id for m in seen], [theirs.model_id], "logged models")
    refused(lambda: client.set_logged_model_tags(theirs.model_id, {"k": "v"}), "edit", *on_experiment)
    refused(lambda: client.delete_logged_model(theirs.model_id), "manage", *on_experiment)
else:
    lacking("logged models")

# A model that a reader trains nevertheless finds no way in.
mlflow.set_experiment(experiment_id=theirs.experiment_id)
fitted = LogisticRegression().fit(X, [0, 1])
refused(lambda: log_sklearn(fitted, "mine", pip_requirements=[]), "edit", *on_experiment)
print("passed")
