"""Models: logged, registered, versioned, aliased, staged, copied, loaded."""

import json
import warnings

import numpy as np
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression

import mlflow
from setting import EXPECT_USER, LOGGED_MODELS, MODEL_PREFIX, PREFIX, client, lacking, log_sklearn, missing, same

warnings.filterwarnings("ignore")
X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
registered = f"{MODEL_PREFIX}.resnet"
experiment = mlflow.set_experiment(f"{PREFIX}/models")


def log_and_load():
    fitted = LogisticRegression().fit(X, y)
    with mlflow.start_run() as run:
        more = {"params": {"C": 1.0}, "tags": {"kind": "linear"}} if LOGGED_MODELS else {}
        info = log_sklearn(fitted, "model", signature=infer_signature(X, y), input_example=X[:2], **more)
        if LOGGED_MODELS:
            mlflow.log_metric("acc", 1.0, model_id=info.model_id, step=1)
    for load in (mlflow.sklearn.load_model, mlflow.pyfunc.load_model):
        same(list(load(info.model_uri).predict(X)), [0, 0, 1, 1], f"prediction after {load.__module__}")
    if LOGGED_MODELS:
        same(info.model_uri, f"models:/{info.model_id}", "URI of the logged model")
        logged_model(info, run)
    else:
        same(info.model_uri, f"runs:/{run.info.run_id}/model", "URI of the logged model")
        history = json.loads(client.get_run(run.info.run_id).data.tags["mlflow.log-model.history"])
        same([h["artifact_path"] for h in history], ["model"], "models of the run")
    return info, run.info.run_id


def logged_model(info, run):
    logged = mlflow.get_logged_model(info.model_id)
    same((logged.name, logged.source_run_id, str(logged.status)), ("model", run.info.run_id, "READY"), "logged model")
    same(logged.params["C"], "1.0", "params of the logged model")
    same([(m.key, m.value) for m in logged.metrics], [("acc", 1.0)], "metrics of the logged model")
    outputs = client.get_run(run.info.run_id).outputs.model_outputs
    same([o.model_id for o in outputs], [info.model_id], "outputs of the run")


def search_logged(info):
    found = mlflow.search_logged_models(
        experiment_ids=[experiment.experiment_id], filter_string="metrics.acc >= 0.9 AND name = 'model'",
        order_by=[{"field_name": "metrics.acc", "ascending": False}], output_format="list",
    )
    same([m.model_id for m in found], [info.model_id], "search_logged_models")
    mlflow.set_logged_model_tags(info.model_id, {"reviewed": "no"})
    client.delete_logged_model_tag(info.model_id, "reviewed")
    same("reviewed" in mlflow.get_logged_model(info.model_id).tags, False, "deleted tag")


def page_logged():
    for i in range(5):
        made = mlflow.initialize_logged_model(name=f"bare-{i}", experiment_id=experiment.experiment_id)
        mlflow.finalize_logged_model(made.model_id, "READY")
    names, token = [], None
    while True:
        page = client.search_logged_models(
            [experiment.experiment_id], "name LIKE 'bare-%'", max_results=2, page_token=token,
            order_by=[{"field_name": "creation_timestamp", "ascending": True}],
        )
        names += [m.name for m in page]
        token = page.token
        if not token:
            break
    same(names, [f"bare-{i}" for i in range(5)], "all pages of search_logged_models")


def register(info, run_id):
    first = mlflow.register_model(info.model_uri, registered, tags={"from": "logged"})
    same((first.name, str(first.version), first.run_id), (registered, "1", run_id), "first version")
    with mlflow.start_run():
        second = log_sklearn(
            LogisticRegression().fit(X, y), "again", registered_model_name=registered, pip_requirements=[]
        )
    same(str(second.registered_model_version), "2", "version made while logging")
    client.update_registered_model(registered, description="finds cats")
    client.set_registered_model_tag(registered, "owner", "cv")
    client.update_model_version(registered, "1", description="the first")
    client.set_model_version_tag(registered, "1", "checked", "yes")
    model = client.get_registered_model(registered)
    same((model.description, model.tags["owner"]), ("finds cats", "cv"), "registered model")
    version = client.get_model_version(registered, "1")
    same((version.description, version.tags["checked"]), ("the first", "yes"), "version")
    if LOGGED_MODELS:
        tag = mlflow.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
        same({v["name"] for v in json.loads(tag)}, {registered}, "the logged model's list of versions")
    client.delete_model_version_tag(registered, "1", "checked")
    client.delete_registered_model_tag(registered, "owner")
    same(client.get_model_version(registered, "1").tags.get("checked"), None, "deleted version tag")
    if EXPECT_USER:
        same(version.user_id in (None, "", EXPECT_USER), True, "author of the version")


def aliases():
    client.set_registered_model_alias(registered, "champion", "1")
    client.set_registered_model_alias(registered, "challenger", "2")
    same(str(client.get_model_version_by_alias(registered, "champion").version), "1", "alias")
    same(client.get_registered_model(registered).aliases, {"champion": "1", "challenger": "2"}, "aliases")
    same(list(mlflow.sklearn.load_model(f"models:/{registered}@champion").predict(X)), [0, 0, 1, 1], "by alias")
    client.set_registered_model_alias(registered, "champion", "2")
    same(str(client.get_model_version_by_alias(registered, "champion").version), "2", "alias moved")
    client.delete_registered_model_alias(registered, "challenger")
    same(client.get_registered_model(registered).aliases, {"champion": "2"}, "alias gone")


def stages():
    client.transition_model_version_stage(registered, "1", "Staging")
    same([str(v.version) for v in client.get_latest_versions(registered, ["Staging"])], ["1"], "in Staging")
    client.transition_model_version_stage(registered, "2", "Staging", archive_existing_versions=True)
    same(client.get_model_version(registered, "1").current_stage, "Archived", "the older one")
    same(list(mlflow.pyfunc.load_model(f"models:/{registered}/Staging").predict(X)), [0, 0, 1, 1], "by stage")


def copy():
    target = f"{MODEL_PREFIX}.copied"
    copied = client.copy_model_version(f"models:/{registered}/1", target)
    same((copied.name, str(copied.version)), (target, "1"), "copy")
    same(list(mlflow.sklearn.load_model(f"models:/{target}/1").predict(X)), [0, 0, 1, 1], "loaded copy")


def search_registry():
    for i in range(5):
        client.create_registered_model(f"{MODEL_PREFIX}.many-{i}", tags={"set": "many"})
    names, token = [], None
    while True:
        page = client.search_registered_models(
            filter_string=f"name LIKE '{MODEL_PREFIX}.many-%' AND tags.set = 'many'",
            order_by=["name ASC"], max_results=2, page_token=token,
        )
        names += [m.name for m in page]
        token = page.token
        if not token:
            break
    same(names, [f"{MODEL_PREFIX}.many-{i}" for i in range(5)], "all pages of search_registered_models")
    found = client.search_model_versions(f"name = '{registered}'", order_by=["version_number ASC"])
    same([str(v.version) for v in found], ["1", "2"], "search_model_versions")
    page = client.search_model_versions(f"name = '{registered}'", max_results=1)
    same((len(page), bool(page.token)), (1, True), "first page of search_model_versions")
    rest = client.search_model_versions(f"name = '{registered}'", max_results=1, page_token=page.token)
    same({str(v.version) for v in [*page, *rest]}, {"1", "2"}, "both pages of search_model_versions")


def uris(info):
    assert client.get_model_version_download_uri(registered, "1"), "download URI"
    files = {f.path.split("/")[-1] for f in mlflow.artifacts.list_artifacts(f"models:/{registered}/1")}
    assert "MLmodel" in files, files
    local = mlflow.artifacts.download_artifacts(f"models:/{registered}/1")
    assert mlflow.models.Model.load(local).signature is not None, "signature"
    missing(lambda: client.get_model_version(registered, "99"), "99")


info, run_id = log_and_load()
if LOGGED_MODELS:
    search_logged(info)
    page_logged()
else:
    lacking("logged models")
register(info, run_id)
aliases()
stages()
copy()
search_registry()
uris(info)
print("passed")
