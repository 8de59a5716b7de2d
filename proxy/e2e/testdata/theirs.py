"""What seed.py made, for the scripts that meet it as somebody else."""

import json
import os
from types import SimpleNamespace

theirs = SimpleNamespace(**json.loads(os.environ["THEIRS"]))

NEWER = hasattr(theirs, "trace_id")  # traces, evaluation and what people label

# Ids of the right form that nobody holds.
NO_RUN = "0" * 31 + "1"
NO_EXPERIMENT = "999999999"
NO_MODEL = "m-" + "0" * 31 + "1"
NO_TRACE = "tr-" + "0" * 31 + "1"
NO_ASSESSMENT = "a-" + "0" * 31 + "1"
NO_DATASET = "d-" + "0" * 31 + "1"
NO_SCHEMA = "ls-" + "0" * 31 + "1"
NO_QUEUE = "rq-" + "0" * 31 + "1"
NO_ISSUE = "iss-" + "0" * 31 + "1"
