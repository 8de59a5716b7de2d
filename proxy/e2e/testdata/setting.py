"""What every script here is told, and the two checks that all of them make.

PREFIX and MODEL_PREFIX are where the caller may write (cv/e2e and cv.e2e).
EXPECT_USER is the name that MLflow must show as author: who signed in at the
gate. It is empty against a bare server, which believes what the client says.

The client is of the server's own release. Where releases word a thing otherwise, the
word is here; where one lacks it, the script says so (lacking) and goes on.
"""

import os

import mlflow
from mlflow.exceptions import MlflowException, RestException
from requests import HTTPError

PREFIX = os.environ["PREFIX"]
MODEL_PREFIX = os.environ["MODEL_PREFIX"]
EXPECT_USER = os.environ.get("EXPECT_USER", "")

client = mlflow.MlflowClient()

# Since MLflow 3 a model is a thing of its own, and prompts have a module.
LOGGED_MODELS = int(mlflow.__version__.split(".")[0]) >= 3
prompts = mlflow.genai if LOGGED_MODELS else mlflow


def log_sklearn(model, name, **more):
    """Log a model in the run, under a name that was a path before MLflow 3."""
    return mlflow.sklearn.log_model(model, **{"name" if LOGGED_MODELS else "artifact_path": name}, **more)


def lacking(what):
    """This MLflow does not have it; the test shows the line as a skipped one."""
    print(f"skipped: MLflow {mlflow.__version__} has no {what}")


def same(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, want {want!r}")


def failure(call):
    """The error that a call ends in; a call that succeeds is the failure."""
    try:
        result = call()
        if hasattr(result, "__next__"):
            result = list(result)
    except MlflowException as e:
        return e
    except HTTPError as e:  # what the client's artifact calls raise, and how they show it
        return RestException(e.response.json())
    raise AssertionError(f"want an error, got {result!r}")


def refused(call, action, *resource):
    """The call is forbidden, and the message names what is missing on what."""
    e = failure(call)
    same(e.error_code, "PERMISSION_DENIED", f"error code of {e.message!r}")
    same(e.get_http_status_code(), 403, f"status of {e.message!r}")
    for word in (action, *resource, "#ml-platform"):
        assert word in e.message, f"want {word!r} in {e.message!r}"


def missing(call, *words):
    """The thing does not exist, as far as this caller can tell."""
    e = failure(call)
    same(e.error_code, "RESOURCE_DOES_NOT_EXIST", f"error code of {e.message!r}")
    for word in words:
        assert word in e.message, f"want {word!r} in {e.message!r}"
    return e.message


def as_if_absent(call, theirs, nothing, code="RESOURCE_DOES_NOT_EXIST"):
    """What is not visible answers exactly as what was never there."""
    hidden, absent = failure(lambda: call(theirs)), failure(lambda: call(nothing))
    same(absent.error_code, code, f"error code of {absent.message!r}")
    same(hidden.error_code, absent.error_code, f"error code of {hidden.message!r}")
    same(hidden.get_http_status_code(), absent.get_http_status_code(), "status")
    same(hidden.message.replace(theirs, "<id>"), absent.message.replace(nothing, "<id>"), "message")


def alike(call, theirs, nothing):
    """The same, where what was never there may be answered without an error."""
    def outcome(i):
        try:
            return repr(call(i)).replace(i, "<id>")
        except MlflowException as e:
            return e.error_code, e.get_http_status_code(), e.message.replace(i, "<id>")

    same(outcome(theirs), outcome(nothing), "the answer")
