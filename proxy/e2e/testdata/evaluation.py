"""Evaluation without a language model: datasets, scorers, evaluate, and what
people are asked to label: schemas, review queues, issues."""

from importlib.util import find_spec

import mlflow
from setting import EXPECT_USER, LOGGED_MODELS, PREFIX, client, failure, lacking, missing, same

experiment = mlflow.set_experiment(f"{PREFIX}/evaluation")
EXPERIMENT = experiment.experiment_id
genai = getattr(mlflow, "genai", None)
RECORDS = [
    {"inputs": {"q": "one"}, "expectations": {"a": "eins"}},
    {"inputs": {"q": "two"}, "expectations": {"a": "zwei"}},
    {"inputs": {"q": "three"}, "expectations": {"a": "drei"}},
]


def datasets():
    name = f"{PREFIX}/questions"
    made = genai.create_dataset(name=name, experiment_id=EXPERIMENT, tags={"kind": "small"})
    same((made.name, made.experiment_ids, made.tags["kind"]), (name, [EXPERIMENT], "small"), "the dataset")
    made.merge_records(RECORDS)
    made.merge_records([{"inputs": {"q": "one"}, "expectations": {"b": "uno"}, "tags": {"seen": "twice"}}])
    got = genai.get_dataset(dataset_id=made.dataset_id)
    rows = {r["inputs"]["q"]: r["expectations"] for _, r in got.to_df().iterrows()}
    same(rows, {"one": {"a": "eins", "b": "uno"}, "two": {"a": "zwei"}, "three": {"a": "drei"}}, "the merged records")
    if EXPECT_USER:
        same((got.created_by, got.last_updated_by), (EXPECT_USER, EXPECT_USER), "who made the dataset")
    found = lambda **more: [d.dataset_id for d in genai.search_datasets(experiment_ids=EXPERIMENT, **more)]
    same(found(), [made.dataset_id], "the datasets of the experiment")
    same(found(filter_string=f"name = '{name}'"), [made.dataset_id], "the datasets by name")
    same(found(filter_string="tags.kind = 'big'"), [], "the datasets by a tag that none has")
    genai.set_dataset_tags(dataset_id=made.dataset_id, tags={"checked": "yes"})
    genai.delete_dataset_tag(dataset_id=made.dataset_id, key="kind")
    tags = genai.get_dataset(dataset_id=made.dataset_id).tags
    same((tags.get("checked"), tags.get("kind")), ("yes", None), "the tags of the dataset")
    if hasattr(made, "delete_records"):
        drop = got.to_df().set_index("dataset_record_id")["inputs"].apply(lambda i: i["q"] == "two")
        same(got.delete_records([i for i, of in drop.items() if of]), 1, "deleted records")
        same(len(genai.get_dataset(dataset_id=made.dataset_id).to_df()), 2, "the records that are left")
        made.merge_records(RECORDS[1:2])
    if hasattr(genai.datasets, "add_dataset_to_experiments"):
        other = client.create_experiment(f"{PREFIX}/evaluation-too")
        genai.datasets.add_dataset_to_experiments(made.dataset_id, [other])
        same([d.dataset_id for d in genai.search_datasets(experiment_ids=other)], [made.dataset_id], "the shared dataset")
        left = genai.datasets.remove_dataset_from_experiments(made.dataset_id, [other])
        same(left.experiment_ids, [EXPERIMENT], "the experiments of the dataset")
    return genai.get_dataset(dataset_id=made.dataset_id)


def evaluated(data):
    from mlflow.genai import scorer

    known = {"one": "eins", "two": "zwei", "three": "tres"}

    @scorer
    def exact(outputs, expectations):
        return outputs == expectations["a"]

    @scorer
    def length(outputs):
        return len(outputs)

    result = genai.evaluate(data=data, predict_fn=lambda q: known[q], scorers=[exact, length])
    metrics = client.get_run(result.run_id).data.metrics
    same((round(metrics["exact/mean"], 2), metrics["length/mean"]), (0.67, 4.0), "the metrics of the evaluation")
    run = client.get_run(result.run_id)
    same([i.dataset.name for i in run.inputs.dataset_inputs], [data.name], "the dataset of the run")
    traces = mlflow.search_traces(run_id=result.run_id, return_type="list")
    verdicts = {t.data.spans[0].inputs["q"]: {a.name: a.value for a in t.info.assessments} for t in traces}
    same({q: (v["exact"], v["length"]) for q, v in verdicts.items()},
         {"one": (True, 4), "two": (True, 4), "three": (False, 4)}, "the assessments")
    same(verdicts["two"]["a"], "zwei", "the expectation in a trace")
    # What was made by hand is evaluated as well.
    again = genai.evaluate(data=[{"inputs": {"q": "one"}, "outputs": "one"}], scorers=[length])
    same(client.get_run(again.run_id).data.metrics["length/mean"], 3.0, "the metrics of given outputs")
    return traces[0].info.trace_id


def scorers():
    from mlflow.genai.scorers import ScorerSamplingConfig, delete_scorer, get_scorer, list_scorers
    from mlflow.genai.scorers.registry import list_scorer_versions

    judge = genai.make_judge(name="tone", instructions="Is {{ outputs }} polite?", model="openai:/none", feedback_value_type=bool)
    judge.register(experiment_id=EXPERIMENT)
    genai.make_judge(name="tone", instructions="Is {{ outputs }} rude?", model="openai:/none", feedback_value_type=bool).register()
    same([s.name for s in list_scorers(experiment_id=EXPERIMENT)], ["tone"], "the scorers")
    same(sorted(v for _, v in list_scorer_versions(name="tone")), [1, 2], "their versions")
    same(get_scorer(name="tone", version=1).instructions, "Is {{ outputs }} polite?", "the first version")
    same(get_scorer(name="tone").instructions, "Is {{ outputs }} rude?", "the latest version")
    e = failure(lambda: get_scorer(name="tone").start(sampling_config=ScorerSamplingConfig(sample_rate=0.5)))
    assert "gateway" in e.message.lower(), e
    delete_scorer(name="tone", version=1)
    same([v for _, v in list_scorer_versions(name="tone")], [2], "the versions that are left")
    delete_scorer(name="tone", version="all")
    same(list_scorers(), [], "the scorers that are left")


def labels(trace):
    from mlflow.genai import label_schemas as schemas, review_queues as queues

    made = schemas.create_label_schema(
        "polite", type="feedback", input=schemas.InputCategorical(options=["yes", "no"]), instruction="Say so.")
    note = schemas.create_label_schema("note", type="expectation", input=schemas.InputText(), enable_comment=True)
    names = lambda: {s.name for s in schemas.list_label_schemas()} - {"Feedback"}  # MLflow makes this one itself
    same(names(), {"polite", "note"}, "the label schemas")
    same(schemas.get_label_schema(experiment_id=EXPERIMENT, name="polite").input.options, ["yes", "no"], "a schema by its name")
    changed = schemas.update_label_schema(schema_id=made.schema_id, instruction="Say so, please.")
    same(changed.instruction, "Say so, please.", "the changed schema")

    queue = queues.create_review_queue("monday", queue_type="custom", users=["alice"], schema_ids=[made.schema_id, note.schema_id])
    own = queues.get_or_create_user_queue("lea")
    same({q.name for q in queues.list_review_queues()}, {"monday", "lea"}, "the review queues")
    same([q.name for q in queues.list_review_queues(user="alice")], ["monday"], "the queues of a user")
    same(queues.get_review_queue(name="lea").queue_id, own.queue_id, "a queue by its name")
    same([i.item_id for i in queues.add_items_to_review_queue(queue.queue_id, item_ids=[trace])], [trace], "the queued trace")
    done = queues.set_review_queue_item_status(queue.queue_id, item_id=trace, status="complete", completed_by=EXPECT_USER or "lea")
    same((str(done.status).lower().endswith("complete"), done.completed_by), (True, EXPECT_USER or "lea"), "the reviewed trace")
    same([i.item_id for i in queues.list_review_queue_items(queue.queue_id, status="complete")], [trace], "the reviewed ones")
    same(list(queues.list_review_queue_items(queue.queue_id, status="pending")), [], "the ones to review")
    queues.remove_items_from_review_queue(queue.queue_id, item_ids=[trace])
    same(list(queues.list_review_queue_items(queue.queue_id)), [], "the items that are left")
    renamed = queues.update_review_queue(queue.queue_id, name="tuesday", users=["alice", "lea"])
    same((renamed.name, sorted(renamed.users)), ("tuesday", ["alice", "lea"]), "the renamed queue")
    queues.delete_review_queue(queue.queue_id)
    missing(lambda: queues.get_review_queue(queue.queue_id))
    schemas.delete_label_schema(schema_id=note.schema_id)
    same(names(), {"polite"}, "the schemas that are left")


def issues(trace):
    from mlflow.tracing.client import TracingClient

    issue = TracingClient()._create_issue(experiment_id=EXPERIMENT, name="slow", description="It takes long.", status="pending")
    mlflow.log_issue(trace_id=trace, issue_id=issue.issue_id, rationale="as seen here")
    got = [a for a in client.get_trace(trace).info.assessments if a.rationale == "as seen here"]
    same([a.name for a in got], [issue.issue_id], "the issue of a trace")
    if EXPECT_USER:
        same(TracingClient()._get_issue(issue.issue_id).created_by, EXPECT_USER, "who found it")


trace = None
if hasattr(genai, "search_datasets"):
    data = datasets()
    trace = evaluated(data)
    genai.delete_dataset(dataset_id=data.dataset_id)
    missing(lambda: genai.get_dataset(dataset_id=data.dataset_id))
    same(list(genai.search_datasets(experiment_ids=EXPERIMENT)), [], "the datasets that are left")
else:
    lacking("evaluation datasets")
if hasattr(genai, "make_judge"):
    scorers()
else:
    lacking("registered scorers")
if genai and find_spec("mlflow.genai.review_queues"):
    labels(trace)
else:
    lacking("label schemas and review queues")
if hasattr(mlflow, "log_issue"):
    issues(trace)
else:
    lacking("issues")
if trace:
    mlflow.flush_trace_async_logging(terminate=True)
print("passed")
