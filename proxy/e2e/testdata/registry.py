"""Tracking at one address, registry at another: MLFLOW_REGISTRY_URI, and set_registry_uri."""

import os
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

import mlflow
from setting import MODEL_PREFIX, PREFIX, log_sklearn, same

warnings.filterwarnings("ignore")
X, y = np.array([[0.0], [3.0]]), np.array([0, 1])
mlflow.set_registry_uri(os.environ["REGISTRY_URI"])
same(mlflow.get_registry_uri(), os.environ["REGISTRY_URI"], "registry URI")
assert mlflow.get_registry_uri() != mlflow.get_tracking_uri()

name = f"{MODEL_PREFIX}.apart"
mlflow.set_experiment(f"{PREFIX}/apart")
with mlflow.start_run():
    log_sklearn(
        LogisticRegression().fit(X, y), "model", pip_requirements=["scikit-learn"], registered_model_name=name
    )
client = mlflow.MlflowClient()
client.set_registered_model_alias(name, "champion", "1")
same(list(mlflow.pyfunc.load_model(f"models:/{name}@champion").predict(X)), [0, 1], "loaded from the registry")
same([m.name for m in client.search_registered_models(f"name = '{name}'")], [name], "search in the registry")
print("passed")
