"""Another team: told which right is missing by name, sees nothing by id."""

import pathlib
import tempfile

from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

import mlflow
from setting import LOGGED_MODELS, MODEL_PREFIX, PREFIX, alike, as_if_absent, client, failure, lacking, prompts, refused, same
from theirs import (
    NEWER, NO_DATASET, NO_EXPERIMENT, NO_ISSUE, NO_MODEL, NO_QUEUE, NO_RUN, NO_SCHEMA, NO_TRACE, theirs,
)

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
    same([p.name for p in prompts.search_prompts() if not p.name.startswith("nlp.")], [], "prompts of others")


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


def traces():
    for call in (
        client.get_trace,
        lambda i: client.set_trace_tag(i, "k", "v"),
        lambda i: client.delete_trace_tag(i, "k"),
        lambda i: mlflow.log_feedback(trace_id=i, name="good", value=False),
        lambda i: mlflow.log_expectation(trace_id=i, name="good", value=False),
        lambda i: mlflow.get_assessment(i, theirs.assessment_id),
        lambda i: mlflow.update_assessment(i, theirs.assessment_id, mlflow.entities.Feedback(name="good", value=False)),
        lambda i: mlflow.override_feedback(trace_id=i, assessment_id=theirs.assessment_id, value=False),
        lambda i: mlflow.delete_assessment(i, theirs.assessment_id),
        lambda i: client.link_prompt_versions_to_trace([mine_prompt], i),
    ):
        alike(call, theirs.trace_id, NO_TRACE)
    # MLflow takes ids that do not exist, and links nothing.
    failure(lambda: client.link_traces_to_run([theirs.trace_id], theirs.run_id))
    e = failure(lambda: client.link_traces_to_run([theirs.trace_id], run))
    assert e.error_code in ("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"), e
    alike(lambda i: client.delete_traces(i, trace_ids=[theirs.trace_id]), theirs.experiment_id, NO_EXPERIMENT)
    same(client.delete_traces(mine, trace_ids=[theirs.trace_id]), 0, "traces deleted by way of another experiment")
    for places in ([theirs.experiment_id], [theirs.experiment_id, mine], [mine]):
        same(list(client.search_traces(locations=places)), [], "traces of theirs")
    store = get_artifact_repository(theirs.trace_files)
    failure(lambda: store.download_artifacts("attachments"))
    (pathlib.Path(here) / "x.txt").write_text("x")
    failure(lambda: store.log_artifact(f"{here}/x.txt", "attachments"))


def evaluation():
    from mlflow.genai import datasets, label_schemas, review_queues
    from mlflow.genai.scorers import delete_scorer, get_scorer, list_scorers
    from mlflow.tracing.client import TracingClient

    for call in (
        lambda i: datasets.get_dataset(dataset_id=i),
        lambda i: datasets.delete_dataset(dataset_id=i),
        lambda i: datasets.set_dataset_tags(dataset_id=i, tags={"k": "v"}),
        lambda i: datasets.delete_dataset_tag(dataset_id=i, key="k"),
        lambda i: datasets.add_dataset_to_experiments(i, [mine]),
    ):
        alike(call, theirs.dataset_id, NO_DATASET)
    for where in ({}, {"experiment_ids": theirs.experiment_id}, {"filter_string": f"name = '{theirs.experiment}-data'"}):
        same([d.name for d in datasets.search_datasets(**where)], [], "datasets")
    for call in (
        lambda i: datasets.create_dataset(name=f"{PREFIX}/stolen", experiment_id=i),
        lambda i: get_scorer(name="secret_judge", experiment_id=i),
        lambda i: delete_scorer(name="secret_judge", experiment_id=i, version=1),
        lambda i: list_scorers(experiment_id=i),
        lambda i: genai.make_judge(name="secret_judge", instructions="{{ outputs }}", model="openai:/x").register(experiment_id=i),
        lambda i: label_schemas.list_label_schemas(experiment_id=i),
        lambda i: label_schemas.create_label_schema("mine", type="feedback", input=label_schemas.InputText(), experiment_id=i),
        lambda i: review_queues.list_review_queues(experiment_id=i),
        lambda i: review_queues.get_or_create_user_queue("bob", experiment_id=i),
        lambda i: TracingClient()._create_issue(experiment_id=i, name="x", description="x", status="pending"),
    ):
        alike(call, theirs.experiment_id, NO_EXPERIMENT)
    for call in (
        lambda i: label_schemas.get_label_schema(schema_id=i),
        lambda i: label_schemas.update_label_schema(schema_id=i, instruction="x"),
        lambda i: label_schemas.delete_label_schema(schema_id=i),
    ):
        alike(call, theirs.schema_id, NO_SCHEMA)
    for call in (
        lambda i: review_queues.get_review_queue(i),
        lambda i: review_queues.update_review_queue(i, name="mine"),
        lambda i: review_queues.list_review_queue_items(i),
        lambda i: review_queues.add_items_to_review_queue(i, item_ids=[theirs.trace_id]),
        lambda i: review_queues.set_review_queue_item_status(i, item_id=theirs.trace_id, status="declined", completed_by="bob"),
        lambda i: review_queues.remove_items_from_review_queue(i, item_ids=[theirs.trace_id]),
        lambda i: review_queues.delete_review_queue(i),
    ):
        alike(call, theirs.queue_id, NO_QUEUE)
    alike(lambda i: TracingClient()._get_issue(i), theirs.issue_id, NO_ISSUE)


by_name()
by_id()
if LOGGED_MODELS:
    logged_models()
else:
    lacking("logged models")
in_searches()
through_my_own_names()
files()
if NEWER:
    genai = mlflow.genai
    mlflow.set_experiment(experiment_id=mine)
    mine_prompt = genai.register_prompt(f"{MODEL_PREFIX}.prompt", "x")
    here = tempfile.mkdtemp()
    traces()
    evaluation()
else:
    lacking("traces and evaluation as they are now")
print("passed")
