"""What a researcher runs: nothing in it knows of mlgate.

Usage: train.py EXPERIMENT MODEL, with MLFLOW_TRACKING_URI and credentials in
the environment.
"""

import json
import logging
import sys
import warnings

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

import mlflow  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402

experiment, model = sys.argv[1:]
mlflow.set_experiment(experiment)
x, y = load_iris(return_X_y=True)
x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=7)

with mlflow.start_run(run_name="baseline") as run:
    settings = {"C": 0.5, "max_iter": 300}
    mlflow.log_params(settings)
    classifier = LogisticRegression(**settings).fit(x_train, y_train)
    accuracy = classifier.score(x_test, y_test)
    for step, share in enumerate((0.6, 0.8, 1.0)):
        mlflow.log_metric("accuracy", accuracy * share, step=step)
    mlflow.log_text(f"# {experiment}\n\naccuracy {accuracy:.3f}\n", "report.md")
    info = mlflow.sklearn.log_model(classifier, name="classifier", input_example=x_train[:2])

version = mlflow.register_model(info.model_uri, model)
again = mlflow.sklearn.load_model(f"models:/{model}/{version.version}")
assert again.score(x_test, y_test) == accuracy

print(json.dumps({
    "experiment_id": run.info.experiment_id, "run_id": run.info.run_id, "model_id": info.model_id,
    "accuracy": round(accuracy, 3), "version": version.version,
}))
