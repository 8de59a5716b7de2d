"""One run, written and read back, by whoever the client's settings say."""

import mlflow
from setting import EXPECT_USER, PREFIX, client, same

mlflow.set_experiment(f"{PREFIX}/signin")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "hello.txt")
same(client.get_run(run.info.run_id).data.metrics, {"loss": 0.5}, "metric")
same(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/hello.txt"), "hello", "artifact")
if EXPECT_USER:
    same(client.get_run(run.info.run_id).data.tags["mlflow.user"], EXPECT_USER, "author")
print("passed")
