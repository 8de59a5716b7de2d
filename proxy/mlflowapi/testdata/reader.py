"""Say how MLflow's own server reads requests: JSON lines in, JSON lines out.

Each line is {"method", "path", "query", "body", "type"}, the body as base64.
Each answer is what the handler of that address gets to act on: {"read": the
fields of its message or, where it reads none, the arguments of its first call
to a store, "path": the address's own parameters}, or {"refused": true} where
MLflow answers with an error first.
"""

import base64
import json
import os
import sys

os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"

import flask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from mlflow.server import app, handlers
from werkzeug.exceptions import HTTPException

answers, sys.stdout = sys.stdout, sys.stderr


class Read(BaseException):
    """Ends a handler when it has read its request."""

    def __init__(self, message):
        self.message = message


def ending(read):
    def wrapped(*args, **kwargs):
        raise Read(read(*args, **kwargs))

    return wrapped


def known(read):
    """Keeps what the handler asks for: of any other member it knows nothing."""

    def wrapped(flask_request=flask.request, schema=None):
        got = read(flask_request, schema)
        return {name: got[name] for name in schema or {} if name in got}

    return wrapped


class Store:
    """Ends a handler at its first call to what MLflow keeps things in."""

    def __getattr__(self, name):
        def called(*args, **kwargs):
            raise Read(json.loads(json.dumps([args, kwargs], default=str)))

        return called


handlers._get_request_message = ending(handlers._get_request_message)
handlers._get_validated_flask_request_json = ending(
    known(handlers._get_validated_flask_request_json)
)
for name in ("_get_tracking_store", "_get_model_registry_store", "_get_artifact_repo_mlflow_artifacts"):
    setattr(handlers, name, Store)


def acted_on(message):
    """Leaves out what MLflow 3.17.2 writes over or passes over: an assessment's trace
    is that of the path (handlers._create_assessment, _update_assessment) or the one
    that is started with it (SqlAlchemyStore.start_trace), and a metric's run that of
    its batch (SqlAlchemyStore.log_batch)."""
    for metric in message.get("metrics", []):
        metric.pop("run_id", None)
    started = message.get("trace", {}).get("trace_info", {}).get("assessments", [])
    for assessment in [message.get("assessment", {}), *started]:
        assessment.pop("trace_id", None)
    return message


def answer(request):
    context = app.test_request_context(
        request["path"],
        method=request["method"],
        query_string=request["query"],
        data=base64.b64decode(request["body"]),
        content_type=request["type"] or None,
    )
    with context:
        got = flask.request
        if got.routing_exception is not None:
            return {"refused": True}
        params = dict(got.view_args)
        try:
            app.view_functions[got.endpoint](**params)
        except Read as read:
            message = read.message
            if isinstance(message, Message):
                message = acted_on(MessageToDict(message, preserving_proto_field_name=True))
            return {"read": message, "path": params}
        except (Exception, HTTPException):
            return {"refused": True}
        return {"refused": True}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
