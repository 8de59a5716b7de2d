"""Say how MLflow's own server reads requests: JSON lines in, JSON lines out.

Each line is {"method", "path", "query", "body", "type"}, the body as base64.
Each answer is what the handler of that address gets to act on: {"read": the
fields of its message, "path": the address's own parameters}, or {"refused":
true} where MLflow answers with an error first, or {"unread": true} where the
handler reads no message.
"""

import base64
import json
import sys

import flask
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from mlflow.server import handlers
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


handlers._get_request_message = ending(handlers._get_request_message)
handlers._get_validated_flask_request_json = ending(handlers._get_validated_flask_request_json)

app = flask.Flask("reader")
for path, handler, methods in handlers.get_endpoints():
    app.add_url_rule(path, f"{path} {methods}", handler, methods=methods)


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
                message = MessageToDict(message, preserving_proto_field_name=True)
            return {"read": message, "path": params}
        except (Exception, HTTPException):
            return {"refused": True}
        return {"refused": True}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
