"""Autologging: what the client writes by itself, from threads of its own."""

import pathlib
import tempfile
import warnings

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

import mlflow
from setting import EXPECT_USER, LOGGED_MODELS, PREFIX, client, same

warnings.filterwarnings("ignore")
rng = np.random.default_rng(7)
X = rng.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)

experiment = mlflow.set_experiment(f"{PREFIX}/autolog")
mlflow.sklearn.autolog(max_tuning_runs=2, log_datasets=True)

with mlflow.start_run(run_name="forest") as run:
    forest = RandomForestClassifier(n_estimators=5, random_state=7).fit(X, y)
    forest.score(X, y)
got = client.get_run(run.info.run_id)
same(got.data.params["n_estimators"], "5", "autologged param")
assert got.data.metrics["training_accuracy_score"] > 0.9, got.data.metrics
same([i.dataset.name for i in got.inputs.dataset_inputs] != [], True, "autologged dataset")
assert {"estimator.html", "training_confusion_matrix.png"} <= {f.path for f in client.list_artifacts(run.info.run_id)}
uri = f"runs:/{run.info.run_id}/model"
if LOGGED_MODELS:
    models = mlflow.search_logged_models([experiment.experiment_id], output_format="list")
    same([m.source_run_id for m in models], [run.info.run_id], "autologged model")
    uri = models[0].model_uri
same(list(mlflow.sklearn.load_model(uri).predict(X)), list(forest.predict(X)), "loaded model")
if EXPECT_USER:
    same(got.data.tags["mlflow.user"], EXPECT_USER, "author")

with mlflow.start_run(run_name="grid") as run:
    GridSearchCV(RandomForestClassifier(random_state=7), {"n_estimators": [2, 3, 4]}, cv=2).fit(X, y)
children = client.search_runs([experiment.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
same(len(children), 2, "child runs of the grid search")
assert "best_n_estimators" in client.get_run(run.info.run_id).data.params

mlflow.sklearn.autolog(disable=True)


class Doubles(mlflow.pyfunc.PythonModel):
    """A model of plain Python, with a file of its own."""

    def load_context(self, context):
        with open(context.artifacts["factor"]) as f:
            self.factor = int(f.read())

    def predict(self, context, model_input, params=None):
        return [row * self.factor for row in model_input]


factor = pathlib.Path(tempfile.mkdtemp()) / "factor.txt"
factor.write_text("2")
with mlflow.start_run(run_name="pyfunc"):
    info = mlflow.pyfunc.log_model(
        **{"name" if LOGGED_MODELS else "artifact_path": "doubles"}, python_model=Doubles(),
        artifacts={"factor": str(factor)}, pip_requirements=[],
    )
same(mlflow.pyfunc.load_model(info.model_uri).predict([1, 2, 3]), [2, 4, 6], "the pyfunc model, loaded")

frame = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [2.0, 4.0, 6.0, 9.0]})
with mlflow.start_run(run_name="evaluated") as run:
    result = mlflow.models.evaluate(
        lambda data: data["x"] * 2, frame, targets="y", model_type="regressor",
        evaluator_config={"log_explainer": False},
    )
same(result.metrics["max_error"], 1.0, "the metric of the evaluation")
got = client.get_run(run.info.run_id)
same(got.data.metrics["max_error"], 1.0, "the metric in the run")
same(len(got.inputs.dataset_inputs), 1, "the dataset of the evaluation")

mlflow.config.enable_async_logging(True)
with mlflow.start_run(run_name="async") as run:
    for step in range(200):
        mlflow.log_metric("x", step, step=step)
    mlflow.flush_async_logging()
same(len(client.get_metric_history(run.info.run_id, "x")), 200, "metrics logged asynchronously")
print("passed")
