"""An admin sees and changes everything, whoever made it."""

import mlflow
from setting import client, same
from theirs import theirs

names = {e.name for e in client.search_experiments()}
assert {"Default", theirs.experiment} <= names, names
assert theirs.model in {m.name for m in client.search_registered_models()}
same(client.get_run(theirs.run_id).data.params["secret_param"], "of-the-owner", "their run")
same(mlflow.artifacts.load_text(f"{theirs.artifact_uri}/notes/private.txt"), "of the owner", "their artifact")
client.set_tag(theirs.run_id, "audited", "yes")
same(client.get_run(theirs.run_id).data.tags["audited"], "yes", "tag of an admin")
client.delete_tag(theirs.run_id, "audited")
run = client.create_run("0")
same(client.get_run(run.info.run_id).info.experiment_id, "0", "run in the default experiment")
client.delete_run(run.info.run_id)
print("passed")
