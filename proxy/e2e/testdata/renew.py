"""A job that outlives its token: the client looks at the variable at every call,
so putting a new one there is all that a job has to do."""

import os

import mlflow
from setting import EXPECT_USER, PREFIX, client, failure, same

first, expired, second = os.environ["TOKENS"].split()

os.environ["MLFLOW_TRACKING_TOKEN"] = first
mlflow.set_experiment(f"{PREFIX}/renew")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    os.environ["MLFLOW_TRACKING_TOKEN"] = expired
    e = failure(lambda: mlflow.log_metric("loss", 0.4))
    same((e.error_code, "expired on" in e.message), ("UNAUTHENTICATED", True), f"error {e.message!r}")
    os.environ["MLFLOW_TRACKING_TOKEN"] = second
    mlflow.log_metric("loss", 0.3, step=1)
    mlflow.log_text("hello", "hello.txt")
same(client.get_run(run.info.run_id).data.metrics, {"loss": 0.3}, "metric")
same(client.get_run(run.info.run_id).data.tags["mlflow.user"], EXPECT_USER, "author")
print("passed")
