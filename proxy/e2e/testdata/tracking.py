"""A day of tracking: experiments, runs, nested runs, metrics, datasets, search."""

import numpy as np
import pandas as pd
from mlflow.entities import DatasetInput, InputTag, Metric, Param, RunTag, ViewType

import mlflow
from setting import EXPECT_USER, PREFIX, client, lacking, same

name = f"{PREFIX}/tracking"


def experiments():
    experiment = mlflow.set_experiment(name)
    same(experiment.name, name, "experiment made by set_experiment")
    same(mlflow.set_experiment(name).experiment_id, experiment.experiment_id, "set again")
    mlflow.set_experiment_tag("purpose", "e2e")
    got = client.get_experiment(experiment.experiment_id)
    same(got.tags["purpose"], "e2e", "experiment tag")
    same(client.get_experiment_by_name(name).experiment_id, experiment.experiment_id, "by name")
    same(client.get_experiment_by_name(name + "/none"), None, "a name that nothing has")
    if hasattr(client, "delete_experiment_tag"):
        client.delete_experiment_tag(experiment.experiment_id, "purpose")
        same("purpose" in client.get_experiment(experiment.experiment_id).tags, False, "tag gone")
    else:
        lacking("delete_experiment_tag")
    return experiment.experiment_id


def search_experiments():
    for i in range(5):
        client.create_experiment(f"{name}/many-{i}", tags={"batch": "many"})
    found, token = [], None
    while True:
        page = client.search_experiments(
            filter_string=f"name LIKE '{name}/many-%' AND tags.batch = 'many'",
            order_by=["name ASC"], max_results=2, page_token=token,
        )
        assert len(page) <= 2, page
        found += [e.name for e in page]
        token = page.token
        if not token:
            break
    same(found, [f"{name}/many-{i}" for i in range(5)], "all pages of search_experiments")
    everything = [e.name for e in mlflow.search_experiments(filter_string=f"name LIKE '{name}%'")]
    same(len(everything), 6, "search_experiments without pages")


def one_run(experiment_id):
    with mlflow.start_run(run_name="first", tags={"team": "cv"}, description="a run") as run:
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "long": "x" * 500})
        mlflow.set_tags({"stage": "try", "mlflow.note.content": "noted"})
        for step in range(5):
            mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.5, "f1": 0.25}, step=1)
        mlflow.delete_tag("stage")
    run_id = run.info.run_id
    client.log_batch(
        run_id, metrics=[Metric("acc", 0.75, 2000, 2)], params=[Param("seed", "7")], tags=[RunTag("by", "batch")]
    )
    got = client.get_run(run_id)
    same(got.info.status, "FINISHED", "status")
    same(got.info.experiment_id, experiment_id, "experiment of the run")
    same(got.info.run_name, "first", "run name")
    same(got.data.params, {"lr": "0.1", "depth": "3", "long": "x" * 500, "seed": "7"}, "params")
    same(got.data.metrics, {"loss": 0.2, "acc": 0.75, "f1": 0.25}, "latest metrics")
    same("stage" in got.data.tags, False, "deleted tag")
    same((got.data.tags["team"], got.data.tags["by"]), ("cv", "batch"), "tags")
    history = client.get_metric_history(run_id, "loss")
    same([(m.step, m.value) for m in history], [(i, 1.0 / (i + 1)) for i in range(5)], "metric history")
    if EXPECT_USER:
        same(got.data.tags["mlflow.user"], EXPECT_USER, "author tag")
        same(got.info.user_id, EXPECT_USER, "author field")
    client.update_run(run_id, name="renamed")
    same(client.get_run(run_id).info.run_name, "renamed", "run name after update_run")
    return run_id


def not_a_number(run_id):
    client.log_metric(run_id, "odd", float("nan"))
    client.log_metric(run_id, "big", float("inf"))
    metrics = client.get_run(run_id).data.metrics
    assert np.isnan(metrics["odd"]), metrics
    assert metrics["big"] > 1e300, metrics


def nested_runs():
    with mlflow.start_run(run_name="parent") as parent:
        for i in range(3):
            with mlflow.start_run(run_name=f"child-{i}", nested=True):
                mlflow.log_metric("score", i)
    children = mlflow.search_runs(
        experiment_names=[name], filter_string=f"tags.mlflow.parentRunId = '{parent.info.run_id}'",
        order_by=["metrics.score DESC"], output_format="list",
    )
    same([r.info.run_name for r in children], ["child-2", "child-1", "child-0"], "children by score")
    same(client.get_parent_run(children[0].info.run_id).info.run_id, parent.info.run_id, "parent")


def paging(experiment_id):
    for i in range(7):
        run = client.create_run(experiment_id, run_name=f"page-{i}", tags={"set": "paging"})
        client.log_metric(run.info.run_id, "n", i)
        client.set_terminated(run.info.run_id)
    names, token, pages = [], None, 0
    while True:
        page = client.search_runs(
            [experiment_id], "tags.set = 'paging' AND metrics.n >= 1",
            run_view_type=ViewType.ACTIVE_ONLY, max_results=2, order_by=["metrics.n ASC"], page_token=token,
        )
        names += [r.info.run_name for r in page]
        pages, token = pages + 1, page.token
        if not token:
            break
    same(names, [f"page-{i}" for i in range(1, 7)], "all pages of search_runs")
    assert pages in (3, 4), pages
    table = mlflow.search_runs([experiment_id], "tags.set = 'paging'", max_results=5)
    same(len(table), 5, "rows of search_runs")
    same(set(table["experiment_id"]), {experiment_id}, "experiment column")


def datasets(experiment_id):
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    data = mlflow.data.from_pandas(frame, source="https://data.example.org/x.csv", name="tiny", targets="y")
    with mlflow.start_run(run_name="with-data") as run:
        mlflow.log_input(data, context="training", tags={"quality": "good"})
        ones = mlflow.data.from_numpy(np.ones((2, 2)), name="ones")
        if hasattr(mlflow, "log_inputs"):
            mlflow.log_inputs([ones], contexts=["test"], tags_list=[None])
        else:
            of = [InputTag("mlflow.data.context", "test")]
            client.log_inputs(run.info.run_id, [DatasetInput(ones._to_mlflow_entity(), of)])
    inputs = client.get_run(run.info.run_id).inputs.dataset_inputs
    same(sorted(i.dataset.name for i in inputs), ["ones", "tiny"], "datasets of the run")
    tiny = next(i for i in inputs if i.dataset.name == "tiny")
    tags = {t.key: t.value for t in tiny.tags}
    same((tags["mlflow.data.context"], tags["quality"]), ("training", "good"), "tags of the input")
    found = mlflow.search_runs(
        [experiment_id], "dataset.name = 'tiny' AND dataset.context = 'training'", output_format="list"
    )
    same([r.info.run_id for r in found], [run.info.run_id], "search by dataset")


def several_experiments(experiment_id):
    second = client.create_experiment(f"{name}/second")
    run = client.create_run(second, tags={"place": "second"})
    found = client.search_runs([experiment_id, second], "tags.place = 'second'")
    same([r.info.run_id for r in found], [run.info.run_id], "search over two experiments")


experiment_id = experiments()
search_experiments()
not_a_number(one_run(experiment_id))
nested_runs()
paging(experiment_id)
datasets(experiment_id)
several_experiments(experiment_id)
print("passed")
