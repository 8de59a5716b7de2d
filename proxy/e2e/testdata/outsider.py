"""Another team: told which right is missing by name, sees nothing by id."""

import mlflow
from setting import LOGGED_MODELS, MODEL_PREFIX, PREFIX, as_if_absent, client, failure, lacking, prompts, refused, same
from theirs import NO_EXPERIMENT, NO_MODEL, NO_RUN, theirs

experiment, model = theirs.experiment, theirs.model
mine = client.create_experiment(f"{PREFIX}/mine")
run = client.create_run(mine).info.run_id
my_model = f"{MODEL_PREFIX}.mine"
client.create_registered_model(my_model)


def by_name():
    refused(lambda: client.get_experiment_by_name(experiment), "read", "experiment", experiment)
    refused(lambda: mlflow.set_experiment(experiment), "read", "experiment", experiment)
    refused(lambda: client.create_experiment(experiment + "/mine"), "edit", "experiment", experiment + "/mine")
    refused(lambda: client.create_experiment(experiment), "edit", "experiment", experiment)
    refused(lambda: client.rename_experiment(mine, experiment + "/mine"), "manage", "experiment", experiment + "/mine")
    for call in (
        lambda: client.get_registered_model(model),
        lambda: client.get_model_version(model, "1"),
        lambda: client.get_model_version(model, "99"),
        lambda: client.get_model_version_by_alias(model, "champion"),
        lambda: client.get_model_version_by_alias(model, "none"),
        lambda: client.get_latest_versions(model),
        lambda: client.get_model_version_download_uri(model, "1"),
        lambda: mlflow.sklearn.load_model(f"models:/{model}/1"),
        lambda: mlflow.pyfunc.load_model(f"models:/{model}@champion"),
        lambda: prompts.load_prompt(theirs.prompt, version=1),
    ):
        refused(call, "read", "model")
    # Here the client wraps the refusal into an error of its own.
    e = failure(lambda: client.copy_model_version(f"models:/{model}/1", f"{MODEL_PREFIX}.stolen"))
    assert "PERMISSION_DENIED" in e.message and "read" in e.message, e
    refused(lambda: client.create_registered_model(model), "edit", "model", model)
    refused(lambda: client.rename_registered_model(my_model, model + ".x"), "manage", "model", model + ".x")
    # The client looks at the model first, whether it is a prompt.
    refused(lambda: client.set_registered_model_alias(model, "a", "1"), "read", "model", model)
    refused(lambda: client.delete_registered_model(model), "read", "model", model)


def by_id():
    for call in (
        client.get_run,
        lambda i: client.log_metric(i, "loss", 0.1),
        lambda i: client.log_param(i, "a", "b"),
        lambda i: client.set_tag(i, "k", "v"),
        lambda i: client.delete_tag(i, "k"),
        lambda i: client.log_batch(i, tags=[mlflow.entities.RunTag("k", "v")]),
        lambda i: client.update_run(i, name="mine"),
        lambda i: client.set_terminated(i),
        client.delete_run,
        client.restore_run,
        lambda i: client.list_artifacts(i),
        lambda i: client.log_inputs(i, datasets=[]),
    ):
        as_if_absent(call, theirs.run_id, NO_RUN)
    for call in (
        client.get_experiment,
        client.delete_experiment,
        client.restore_experiment,
        lambda i: client.create_run(i),
        lambda i: client.set_experiment_tag(i, "k", "v"),
        lambda i: client.rename_experiment(i, f"{PREFIX}/x"),
    ):
        as_if_absent(call, theirs.experiment_id, NO_EXPERIMENT)


def logged_models():
    for call in (
        client.get_logged_model,
        client.delete_logged_model,
        lambda i: client.delete_logged_model_tag(i, "k"),
        lambda i: client.finalize_logged_model(i, "READY"),
    ):
        as_if_absent(call, theirs.model_id, NO_MODEL)
    # Here the client words it itself.
    tag = lambda i: client.set_logged_model_tags(i, {"k": "v"})
    as_if_absent(tag, theirs.model_id, NO_MODEL, "INVALID_PARAMETER_VALUE")
    same(list(client.search_logged_models([theirs.experiment_id])), [], "logged models")
    for call in (
        lambda: client.log_outputs(run, [mlflow.entities.LoggedModelOutput(theirs.model_id, 0)]),
        lambda: client.log_metric(run, "acc", 1.0, model_id=theirs.model_id),
    ):
        e = failure(call)
        assert e.error_code in ("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"), e


def in_searches():
    names = {e.name for e in client.search_experiments()}
    assert f"{PREFIX}/mine" in names, names
    same([n for n in names if not n.startswith("nlp/")], [], "experiments of others")
    same([e.name for e in client.search_experiments(filter_string=f"name LIKE '{experiment}%'")], [], "by filter")
    same(list(client.search_runs([theirs.experiment_id])), [], "runs of theirs")
    same([r.info.run_id for r in client.search_runs([theirs.experiment_id, mine])], [run], "runs of both")
    models = {m.name for m in client.search_registered_models()}
    assert my_model in models, models
    same([n for n in models if not n.startswith("nlp.")], [], "models of others")
    same(list(client.search_model_versions()), [], "versions")
    same(list(client.search_model_versions(f"run_id = '{theirs.run_id}'")), [], "versions by run")
    same(list(prompts.search_prompts()), [], "prompts")


def through_my_own_names():
    version = lambda source, run_id=None: client.create_model_version(my_model, source, run_id)
    for source, run_id in (
        (theirs.artifact_uri, None), (theirs.artifact_uri, theirs.run_id), (theirs.artifact_uri, run),
        (f"models:/{model}/1", None), (f"models:/{model}@champion", None), (f"models:/{theirs.model_id or NO_MODEL}", None),
        (f"runs:/{theirs.run_id}/notes", theirs.run_id), ("s3://bucket/x", None), ("file:///etc", None),
    ):
        e = failure(lambda: version(source, run_id))
        assert e.error_code in ("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"), (source, e)
    same(list(client.search_model_versions(f"name = '{my_model}'")), [], "versions made")
    e = failure(lambda: client.create_experiment(f"{PREFIX}/where", artifact_location=theirs.artifact_uri))
    assert e.error_code in ("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"), e


def files():
    for uri in (theirs.artifact_uri, f"{theirs.artifact_uri}/notes/private.txt", f"runs:/{theirs.run_id}/notes"):
        e = failure(lambda: mlflow.artifacts.download_artifacts(uri))
        assert "of the owner" not in str(e), e
    failure(lambda: client.log_text(theirs.run_id, "x", "notes/private.txt"))


by_name()
by_id()
if LOGGED_MODELS:
    logged_models()
else:
    lacking("logged models")
in_searches()
through_my_own_names()
files()
print("passed")
