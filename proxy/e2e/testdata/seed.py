"""Makes one of everything below PREFIX, and prints what it is called."""

import json
import warnings
from importlib.util import find_spec

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
newer = {}
if find_spec("mlflow.genai") and find_spec("mlflow.genai.review_queues"):  # what came last says that all is there
    from mlflow.genai import label_schemas, review_queues
    from mlflow.tracing.attachments import Attachment
    from mlflow.tracing.client import TracingClient

    with mlflow.start_span("secret_span") as span:
        span.set_inputs({"secret_input": Attachment(content_type="text/plain", content_bytes=b"of the owner")})
    mlflow.flush_trace_async_logging(terminate=True)
    feedback = mlflow.log_feedback(trace_id=span.trace_id, name="good", value=True, rationale="secret_rationale")
    data = mlflow.genai.create_dataset(name=f"{PREFIX}/seed-data", experiment_id=experiment.experiment_id)
    data.merge_records([{"inputs": {"q": "secret_question"}}])
    mlflow.genai.make_judge(name="secret_judge", instructions="Is {{ outputs }} good?", model="openai:/none").register()
    schema = label_schemas.create_label_schema("secret_schema", type="feedback", input=label_schemas.InputText())
    queue = review_queues.create_review_queue("secret_queue", queue_type="custom", schema_ids=[schema.schema_id])
    review_queues.add_items_to_review_queue(queue.queue_id, item_ids=[span.trace_id])
    issue = TracingClient()._create_issue(
        experiment_id=experiment.experiment_id, name="secret_issue", description="d", status="pending")
    newer = {
        "trace_id": span.trace_id, "assessment_id": feedback.assessment_id, "dataset_id": data.dataset_id,
        "schema_id": schema.schema_id, "queue_id": queue.queue_id, "issue_id": issue.issue_id,
        "trace_files": client.get_trace(span.trace_id).info.tags["mlflow.artifactLocation"],
    }
print(json.dumps({
    "experiment": experiment.name, "experiment_id": experiment.experiment_id, "run_id": run.info.run_id,
    "artifact_uri": run.info.artifact_uri, "model": model, "model_id": logged.model_id if LOGGED_MODELS else "",
    "prompt": f"{MODEL_PREFIX}.prompt", **newer,
}))
