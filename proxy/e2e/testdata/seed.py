"""Makes one of everything below PREFIX, and prints what it is called."""

import json
import warnings

import numpy as np
from sklearn.linear_model import LogisticRegression

import mlflow
from setting import LOGGED_MODELS, MODEL_PREFIX, PREFIX, client, log_sklearn, prompts

warnings.filterwarnings("ignore")
X, y = np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([0, 0, 1, 1])
experiment = mlflow.set_experiment(f"{PREFIX}/seed")
model = f"{MODEL_PREFIX}.seed"
with mlflow.start_run(run_name="seed") as run:
    mlflow.log_param("secret_param", "of-the-owner")
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("of the owner", "notes/private.txt")
    logged = log_sklearn(
        LogisticRegression().fit(X, y), "model", pip_requirements=["scikit-learn"], registered_model_name=model
    )
client.set_registered_model_alias(model, "champion", "1")
prompts.register_prompt(f"{MODEL_PREFIX}.prompt", "Hello {{who}}")
print(json.dumps({
    "experiment": experiment.name, "experiment_id": experiment.experiment_id, "run_id": run.info.run_id,
    "artifact_uri": run.info.artifact_uri, "model": model, "model_id": logged.model_id if LOGGED_MODELS else "",
    "prompt": f"{MODEL_PREFIX}.prompt",
}))
