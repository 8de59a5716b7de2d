"""Print every METHOD and path that the installed MLflow server answers.

One a line, sorted, a path parameter as {name}, one that takes slashes as
{name...}; without HEAD and OPTIONS, which come by themselves, and without those
that MLflow lists and answers by 404. MLflow is a FastAPI application that answers
some addresses itself and hands the others to a Flask application; older ones are
the Flask application alone.
"""
import os
import re
import tempfile

scratch = tempfile.mkdtemp()
os.environ["_MLFLOW_SERVER_FILE_STORE"] = f"sqlite:///{scratch}/mlflow.sqlite"
os.environ["_MLFLOW_SERVER_SERVE_ARTIFACTS"] = "true"
os.environ["_MLFLOW_SERVER_ARTIFACT_ROOT"] = "mlflow-artifacts:/"
os.environ["_MLFLOW_SERVER_ARTIFACT_DESTINATION"] = scratch

from mlflow.server import app  # noqa: E402

try:
    from mlflow.server.fastapi_app import app as outer
except ImportError:
    outer = None


def native(routes, prefix=""):
    """FastAPI's own routes; newer releases keep those of routers apart."""
    for route in routes:
        if type(route).__name__ == "Mount":
            continue
        if getattr(route, "methods", None):
            yield route.methods, prefix + route.path
        elif hasattr(route, "effective_route_contexts"):
            for inner in route.effective_route_contexts():
                yield inner.methods, inner.path
        elif getattr(route, "routes", None):
            yield from native(route.routes, prefix + getattr(route, "path", ""))
        else:
            raise SystemExit(f"unknown kind of route: {route!r}")


def plain(path):
    path = re.sub(r"<path:(\w+)>|\{(\w+):path\}", lambda m: "{%s...}" % (m[1] or m[2]), path)
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def answered(rule):
    return app.view_functions[rule.endpoint].__name__ != "_not_implemented"


found = set()
flask = [(r.methods, r.rule) for r in app.url_map.iter_rules() if answered(r)]
for methods, path in [*(native(outer.routes) if outer else ()), *flask]:
    found |= {(plain(path), m) for m in methods if m not in ("HEAD", "OPTIONS")}
for path, method in sorted(found):
    print("route", method, path)
