"""A reader sees all of it and changes none of it."""

import numpy as np
from sklearn.linear_model import LogisticRegression

import mlflow
from setting import LOGGED_MODELS, client, lacking, log_sklearn, prompts, refused, same
from theirs import NEWER, theirs

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

if NEWER:
    from mlflow.genai import datasets, label_schemas, review_queues
    from mlflow.genai.scorers import get_scorer
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
    from mlflow.tracing.attachments import Attachment
    from mlflow.tracing.client import TracingClient

    trace = client.get_trace(theirs.trace_id)
    same(trace.info.assessments[0].rationale, "secret_rationale", "the feedback")
    same([t.info.trace_id for t in client.search_traces(locations=[theirs.experiment_id])], [theirs.trace_id], "traces")
    of = Attachment.parse_ref(trace.data.spans[0].inputs["secret_input"])["attachment_id"]
    files = get_artifact_repository(theirs.trace_files)
    same(files.download_trace_attachment(of), b"of the owner", "the attachment")
    data = datasets.get_dataset(dataset_id=theirs.dataset_id)
    same(list(data.to_df()["inputs"]), [{"q": "secret_question"}], "the dataset")
    same(get_scorer(name="secret_judge", experiment_id=theirs.experiment_id).name, "secret_judge", "the scorer")
    same(label_schemas.get_label_schema(schema_id=theirs.schema_id).name, "secret_schema", "the schema")
    items = review_queues.list_review_queue_items(theirs.queue_id)
    same([i.item_id for i in items], [theirs.trace_id], "the items of the queue")
    same(TracingClient()._get_issue(theirs.issue_id).name, "secret_issue", "the issue")
    for call in (
        lambda: client.set_trace_tag(theirs.trace_id, "k", "v"),
        lambda: mlflow.log_feedback(trace_id=theirs.trace_id, name="good", value=False),
        lambda: client.link_traces_to_run([theirs.trace_id], run),
        lambda: data.merge_records([{"inputs": {"q": "mine"}}]),
        lambda: datasets.set_dataset_tags(dataset_id=theirs.dataset_id, tags={"k": "v"}),
        lambda: mlflow.genai.make_judge(name="x", instructions="{{ outputs }}", model="openai:/x").register(
            experiment_id=theirs.experiment_id),
        lambda: label_schemas.update_label_schema(schema_id=theirs.schema_id, instruction="x"),
        lambda: review_queues.update_review_queue(theirs.queue_id, name="mine"),
        lambda: review_queues.remove_items_from_review_queue(theirs.queue_id, item_ids=[theirs.trace_id]),
    ):
        refused(call, "edit", *on_experiment)
    for call in (
        lambda: client.delete_traces(theirs.experiment_id, trace_ids=[theirs.trace_id]),
        lambda: datasets.delete_dataset(dataset_id=theirs.dataset_id),
        lambda: review_queues.delete_review_queue(theirs.queue_id),
        lambda: label_schemas.delete_label_schema(schema_id=theirs.schema_id),
    ):
        refused(call, "manage", *on_experiment)
else:
    lacking("traces and evaluation as they are now")

# A model that a reader trains nevertheless finds no way in.
mlflow.set_experiment(experiment_id=theirs.experiment_id)
fitted = LogisticRegression().fit(X, [0, 1])
refused(lambda: log_sklearn(fitted, "mine", pip_requirements=[]), "edit", *on_experiment)
print("passed")
