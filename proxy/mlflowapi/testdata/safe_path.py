"""Say how MLflow reads each artifact path of a JSON list, itself a file."""

import json
import sys

from mlflow.utils.uri import validate_path_is_safe


def read(path):
    try:
        return validate_path_is_safe(path)
    except Exception:
        return None


with open(sys.argv[1], encoding="utf-8") as f:
    print("paths", json.dumps([read(p) for p in json.load(f)]))
