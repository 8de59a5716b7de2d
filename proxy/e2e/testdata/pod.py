"""A pod: the client's own Kubernetes plugin reads the token of the service account
from the usual place, here another one, and from the kubelet's next file when the
first is a minute old, here at once. The package that it looks for is not needed
where there is such a file."""

import os
import sys
import types
from pathlib import Path

from setting import EXPECT_USER, PREFIX, client, lacking, same

import mlflow

try:
    from mlflow.tracking.request_auth import kubernetes_request_auth_provider as plugin
except ImportError:
    lacking("MLFLOW_TRACKING_AUTH=kubernetes")
    print("passed")
    sys.exit()

package = types.ModuleType("kubernetes")
package.client, package.config = types.ModuleType("client"), types.ModuleType("config")
sys.modules["kubernetes"] = package
plugin._SERVICE_ACCOUNT_TOKEN_PATH = Path(os.environ["TOKEN_FILE"])
plugin._FILE_CACHE_TTL = 0

mlflow.set_experiment(f"{PREFIX}/pod")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "hello.txt")
same(client.get_run(run.info.run_id).data.tags["mlflow.user"], EXPECT_USER, "author")
same(mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/hello.txt"), "hello", "artifact")
print("passed")
