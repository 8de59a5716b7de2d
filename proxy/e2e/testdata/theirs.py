"""What seed.py made, for the scripts that meet it as somebody else."""

import json
import os
from types import SimpleNamespace

theirs = SimpleNamespace(**json.loads(os.environ["THEIRS"]))

# Ids of the right form that nobody holds.
NO_RUN = "0" * 31 + "1"
NO_EXPERIMENT = "999999999"
NO_MODEL = "m-" + "0" * 31 + "1"
