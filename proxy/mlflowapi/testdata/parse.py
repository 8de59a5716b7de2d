"""Say how MLflow itself reads requests: JSON lines in, JSON lines out.

Each line is {"method", "path", "body"}; each answer the fields of the message
that the handler of that path gets, or null where MLflow refuses to read it.
"""

import json
import sys

import flask
from google.protobuf.json_format import MessageToDict
from mlflow.protos import databricks_pb2
from mlflow.protos.model_registry_pb2 import ModelRegistryService
from mlflow.protos.service_pb2 import MlflowService
from mlflow.server import handlers

messages = {}
for service in (MlflowService, ModelRegistryService):
    for method in service.DESCRIPTOR.methods:
        for endpoint in method.GetOptions().Extensions[databricks_pb2.rpc].endpoints:
            messages[endpoint.method, endpoint.path] = service().GetRequestClass(method)

app = flask.Flask("parse")
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        request = json.loads(line)
        method, path = request["method"], request["path"]
        cls = messages[method, path.replace("/api/2.0", "", 1)]
        with app.test_request_context(
            path, method=method, data=request["body"], content_type="application/json"
        ):
            try:
                message = handlers._get_request_message(cls())
            except Exception:
                print("null")
                continue
        print(json.dumps(MessageToDict(message, preserving_proto_field_name=True)))
