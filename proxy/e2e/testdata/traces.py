"""Tracing: spans are sent as they end, by threads of the client's own."""

import mlflow
from mlflow.entities import SpanType
from setting import PREFIX, client, same

experiment = mlflow.set_experiment(f"{PREFIX}/traces")


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


same(answer("what is it"), "WHAT IS IT", "the traced function's result")
ids = {mlflow.get_last_active_trace_id()}
with mlflow.start_run():
    answer("in a run")
    ids.add(mlflow.get_last_active_trace_id())
try:
    mlflow.trace(lambda: 1 / 0, name="fails")()
except ZeroDivisionError:
    ids.add(mlflow.get_last_active_trace_id())
mlflow.flush_trace_async_logging(terminate=True)

found = client.search_traces(locations=[experiment.experiment_id], include_spans=False)
same({t.info.trace_id for t in found}, ids, "the traces in the experiment")
same(sorted(str(t.info.state.value) for t in found), ["ERROR", "OK", "OK"], "their states")
print("passed")
