"""Tracing: made, found, told about, linked, with files, and deleted. Spans are
sent as they end, by threads of the client's own."""

import pathlib
import time
from inspect import signature

import mlflow
from mlflow import entities
from mlflow.entities import SpanType
from setting import EXPECT_USER, LOGGED_MODELS, MODEL_PREFIX, PREFIX, client, lacking, missing, prompts, same

experiment = mlflow.set_experiment(f"{PREFIX}/traces")
ASSESSMENTS = hasattr(mlflow, "log_feedback")
WHERE = "locations" if "locations" in signature(client.search_traces).parameters else "experiment_ids"
# The client's parts that came one by one.
try:
    from mlflow.tracing.attachments import Attachment
except ImportError:
    Attachment = None


def last():
    """The id of the trace made last."""
    if hasattr(mlflow, "get_last_active_trace_id"):
        return mlflow.get_last_active_trace_id()
    return mlflow.get_last_active_trace().info.request_id


def sent(**more):
    if hasattr(mlflow, "flush_trace_async_logging"):
        mlflow.flush_trace_async_logging(**more)


def ids(found):
    return {t.info.trace_id if LOGGED_MODELS else t.info.request_id for t in found}


def search(filter_string=None, **more):
    return client.search_traces(**{WHERE: [experiment.experiment_id]}, filter_string=filter_string, **more)


@mlflow.trace(span_type=SpanType.TOOL)
def look_up(word):
    with mlflow.start_span("inner", attributes={"depth": 2}) as span:
        span.set_inputs({"word": word})
        span.set_outputs([1, 2.5, None, {"ü": "ß"}])
    return word.upper()


@mlflow.trace
def answer(question):
    mlflow.update_current_trace(tags={"team": "vision"})
    return " ".join(look_up(w) for w in question.split())


@mlflow.trace(output_reducer=lambda chunks: "".join(chunks))
def stream(text):
    yield from text


def made():
    same(answer("what is it"), "WHAT IS IT", "the traced function's result")
    nested = last()
    if not nested:  # older clients make no trace with a newer OpenTelemetry, and log it
        lacking("tracing with the installed OpenTelemetry")
        print("passed")
        raise SystemExit
    time.sleep(0.002)  # MLflow orders traces of one millisecond by their random ids
    same("".join(stream("abc")), "abc", "the traced generator's items")
    streamed = last()
    time.sleep(0.002)
    try:
        mlflow.trace(lambda: 1 / 0, name="fails")()
    except ZeroDivisionError:
        failed = last()
    sent()
    return nested, streamed, failed


def read_back(nested, streamed, failed):
    spans = client.get_trace(nested).data.spans
    names = [s.name.split("_")[0] if not LOGGED_MODELS else s.name for s in spans]
    by_id = {s.span_id: s for s in spans}
    same(len(spans), 7, f"the spans of a nested trace, {names}")
    root = next(s for s in spans if s.parent_id is None)
    same((root.name, root.inputs, root.outputs), ("answer", {"question": "what is it"}, "WHAT IS IT"), "the root span")
    tools = [s for s in spans if s.span_type == SpanType.TOOL]
    same({s.outputs for s in tools}, {"WHAT", "IS", "IT"}, "the outputs of the middle spans")
    inner = [s for s in spans if s.parent_id in {t.span_id for t in tools}]
    same([s.attributes["depth"] for s in inner], [2, 2, 2], "the attributes of the inner spans")
    same(inner[0].outputs, [1, 2.5, None, {"ü": "ß"}], "the outputs of an inner span")
    same({by_id[t.parent_id].name for t in tools}, {"answer"}, "the parent of the middle spans")
    generator = client.get_trace(streamed).data.spans[0]
    same((generator.name, generator.outputs), ("stream", "abc"), "the generator's span")
    same(len(generator.events), 3, "an event for each item")
    error = client.get_trace(failed)
    same(error.data.spans[0].events[0].attributes["exception.type"], "ZeroDivisionError", "the error's event")
    missing(lambda: client.get_trace("tr-" + "0" * 31 + "1"))


def searched(nested, streamed, failed):
    same(ids(search()), {nested, streamed, failed}, "the traces in the experiment")
    same(ids(search("status = 'ERROR'")), {failed}, "the traces that failed")
    same(ids(search("tags.team = 'vision'")), {nested}, "the traces by tag")
    same(ids(search("trace.name = 'stream'")), {streamed}, "the traces by name")
    oldest = search(order_by=["timestamp_ms ASC"], max_results=1)
    same(ids(oldest), {nested}, "the first of the pages")
    rest = search(order_by=["timestamp_ms ASC"], max_results=1, page_token=oldest.token)
    same(ids(rest), {streamed}, "the second of the pages")
    if EXPECT_USER:
        by = {(t.info.trace_metadata if LOGGED_MODELS else t.info.request_metadata).get("mlflow.user") for t in search()}
        same(by, {EXPECT_USER}, "the authors of the traces")


def tagged(trace):
    mlflow.set_trace_tag(trace, "reviewed", "yes")
    same(client.get_trace(trace).info.tags["reviewed"], "yes", "the tag of a trace")
    same(ids(search("tags.reviewed = 'yes'")), {trace}, "the traces by the new tag")
    mlflow.delete_trace_tag(trace, "reviewed")
    same("reviewed" in client.get_trace(trace).info.tags, False, "the deleted tag is there")


def in_a_run(*before):
    with mlflow.start_run() as run:
        answer("in a run")
        inside = last()
    sent()
    run_id = run.info.run_id
    same(ids(search(run_id=run_id)), {inside}, "the traces of a run")
    if not hasattr(client, "link_traces_to_run"):
        return lacking("link_traces_to_run")
    client.link_traces_to_run(list(before), run_id)
    same(ids(search(run_id=run_id)), {inside, *before}, "the traces linked to a run")


def without_context():
    if not hasattr(mlflow, "log_trace"):
        return lacking("log_trace")
    logged = mlflow.log_trace("told", request="yes?", response="yes", tags={"how": "told"})
    span = mlflow.start_span_no_context("by hand", inputs={"n": 1})
    child = mlflow.start_span_no_context("below", parent_span=span)
    child.end(outputs=2)
    span.end(outputs=3)
    sent()
    same(client.get_trace(logged).data.spans[0].outputs, "yes", "the response of a logged trace")
    got = client.get_trace(span.trace_id).data.spans
    same({(s.name, s.outputs) for s in got}, {("by hand", 3), ("below", 2)}, "the spans made by hand")


def assessed(trace):
    human = entities.AssessmentSource(source_type="HUMAN", source_id="somebody")
    first = mlflow.log_feedback(trace_id=trace, name="good", value=True, source=human, rationale="reads well", metadata={"k": "v"})
    want = mlflow.log_expectation(trace_id=trace, name="answer", value={"is": ["IT"]}, source=human)
    got = {a.name: a for a in client.get_trace(trace).info.assessments}
    same((got["good"].value, got["good"].rationale), (True, "reads well"), "the feedback")
    same(got["answer"].value, {"is": ["IT"]}, "the expectation")
    if EXPECT_USER:
        same({a.source.source_id for a in got.values()}, {EXPECT_USER}, "who assessed it")
    same(ids(search("feedback.good = 'true'")), {trace}, "the traces by feedback")
    changed = mlflow.update_assessment(trace, first.assessment_id, entities.Feedback(name="good", value=False, source=human))
    same(changed.value, False, "the feedback after its update")
    if hasattr(mlflow, "override_feedback"):
        over = mlflow.override_feedback(trace_id=trace, assessment_id=first.assessment_id, value=True, rationale="after all")
        same(over.overrides, first.assessment_id, "what the new feedback overrides")
        same(mlflow.get_assessment(trace, first.assessment_id).valid, False, "the overridden feedback is valid")
        mlflow.delete_assessment(trace, over.assessment_id)
        same(mlflow.get_assessment(trace, first.assessment_id).valid, True, "it is valid again")
    else:
        lacking("override_feedback")
    mlflow.delete_assessment(trace, want.assessment_id)
    same([a.name for a in client.get_trace(trace).info.assessments], ["good"], "the assessments that are left")
    missing(lambda: mlflow.get_assessment(trace, want.assessment_id))


def attached():
    with mlflow.start_span("with a picture") as span:
        span.set_inputs({"picture": Attachment(content_type="image/png", content_bytes=b"\x89PNG\r\n\x1a\nnot really")})
    sent()
    trace = client.get_trace(span.trace_id)
    ref = Attachment.parse_ref(trace.data.spans[0].inputs["picture"])
    same((ref["content_type"], ref["trace_id"]), ("image/png", span.trace_id), "the attachment's reference")
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    store = get_artifact_repository(trace.info.tags["mlflow.artifactLocation"])
    same(store.download_trace_attachment(ref["attachment_id"]), b"\x89PNG\r\n\x1a\nnot really", "the attachment")
    below = store.list_artifacts("attachments")
    same([pathlib.PurePosixPath(f.path).name for f in below], [ref["attachment_id"]], "the files of the trace")


def with_prompts(trace):
    name = f"{MODEL_PREFIX}.of-traces"
    versions = [prompts.register_prompt(name, text) for text in ("Say {{x}}", "Tell {{x}}")]
    client.link_prompt_versions_to_trace(versions, trace)
    linked = client.get_trace(trace).info.tags["mlflow.linkedPrompts"]
    for v in versions:
        assert f'"{v.version}"' in linked and name in linked, linked
    same(ids(search(f"prompt = '{name}/2'")), {trace}, "the traces by prompt")

    @mlflow.trace
    def prompted():
        return prompts.load_prompt(f"prompts:/{name}/1").format(x="it")

    same(prompted(), "Say it", "the prompt formatted")
    inside = last()
    sent()
    same(ids(search(f"prompt = '{name}/1'")), {trace, inside}, "the traces by a prompt loaded inside")


def deleted(*traces):
    gone, *left = traces
    same(client.delete_traces(experiment.experiment_id, **{"trace_ids" if LOGGED_MODELS else "request_ids": [gone]}), 1, "deleted traces")
    missing(lambda: client.get_trace(gone))
    found = ids(search())
    assert gone not in found and set(left) <= found, found


traces = made()
read_back(*traces)
searched(*traces)
tagged(traces[0])
in_a_run(*traces[:2])
without_context()
if ASSESSMENTS:
    assessed(traces[0])
else:
    lacking("log_feedback")
if Attachment:
    attached()
else:
    lacking("attachments of spans")
if hasattr(client, "link_prompt_versions_to_trace"):
    with_prompts(traces[1])
else:
    lacking("link_prompt_versions_to_trace")
deleted(*traces)
sent(terminate=True)
print("passed")
