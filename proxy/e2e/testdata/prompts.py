"""Prompts, which are registered models of a kind: versions, aliases, tags, what
they are linked to, their end."""

from inspect import signature

import mlflow
from setting import MODEL_PREFIX, PREFIX, client, failure, lacking, prompts, same

experiment = mlflow.set_experiment(f"{PREFIX}/prompts")
name = f"{MODEL_PREFIX}.flow"
CHATS = "list" in str(signature(prompts.register_prompt).parameters["template"].annotation)
CACHES = "cache_ttl_seconds" in signature(prompts.load_prompt).parameters


def text(of, version=None):
    """A prompt's words, asked of the server: the client keeps what it loaded."""
    more = {"version": version} if version else {}
    if CACHES:
        more["cache_ttl_seconds"] = 0
    return prompts.load_prompt(of, **more).template


def absent(call):
    """A prompt that is not there: None, or an error of the client's own words."""
    try:
        got = call()
    except mlflow.MlflowException as e:
        assert "not found" in e.message or "not exist" in e.message, e
    else:
        same(got, None, "a prompt that is not there")


def versions():
    for words in ("Hello {{who}}", "Hi {{who}}", "Bye {{who}}"):
        made = prompts.register_prompt(name, words, commit_message=words[:2], tags={"tone": words[0]})
    same(int(made.version), 3, "the newest version")
    same([text(name, v) for v in (1, 2, 3)], ["Hello {{who}}", "Hi {{who}}", "Bye {{who}}"], "the versions")
    same(prompts.load_prompt(name, version=2).commit_message, "Hi", "the message of a version")
    if hasattr(client, "set_prompt_version_tag"):
        same(prompts.load_prompt(name, version=2).tags["tone"], "H", "the tag of a version")
    same(prompts.load_prompt(f"prompts:/{name}/2").format(who="you"), "Hi you", "a version by URI")
    absent(lambda: prompts.load_prompt(name, version=9))
    absent(lambda: prompts.load_prompt(name + "-none", version=1))


def chats():
    said = [{"role": "system", "content": "Be {{how}}."}, {"role": "user", "content": "Hi {{who}}"}]
    chat = prompts.register_prompt(f"{MODEL_PREFIX}.chat", said, commit_message="chat")
    same(text(f"{MODEL_PREFIX}.chat", chat.version), said, "the messages of a prompt")


def aliases():
    prompts.set_prompt_alias(name, "live", 1)
    same(text(f"prompts:/{name}@live"), "Hello {{who}}", "the prompt by alias")
    prompts.set_prompt_alias(name, "live", 3)
    same(text(f"prompts:/{name}@live"), "Bye {{who}}", "the prompt by the moved alias")
    if hasattr(client, "get_prompt_version_by_alias"):
        same(int(client.get_prompt_version_by_alias(name, "live").version), 3, "the version by alias")
    prompts.delete_prompt_alias(name, "live")
    absent(lambda: text(f"prompts:/{name}@live"))
    if CACHES:
        same(text(f"prompts:/{name}@latest"), "Bye {{who}}", "the latest")


def tags():
    client.set_prompt_tag(name, "owner", "cv")
    same(client.get_prompt(name).tags["owner"], "cv", "the tag of the prompt")
    client.delete_prompt_tag(name, "owner")
    same("owner" in client.get_prompt(name).tags, False, "the deleted tag is there")
    if not CACHES:  # 3.1 sends a number where its own message wants a text
        return lacking("set_prompt_version_tag that works")
    client.set_prompt_version_tag(name, "2", "checked", "yes")
    same(client.get_prompt_version(name, 2).tags["checked"], "yes", "the tag of a version")
    client.delete_prompt_version_tag(name, "2", "checked")
    same("checked" in client.get_prompt_version(name, 2).tags, False, "the deleted tag of the version is there")


def found():
    for i in range(3):
        prompts.register_prompt(f"{MODEL_PREFIX}.page-{i}", "x", tags={"set": "pages"})
    client.create_registered_model(f"{MODEL_PREFIX}.page-model")
    names = [p.name for p in prompts.search_prompts(f"name LIKE '{MODEL_PREFIX}.page-%'")]
    same(sorted(names), [f"{MODEL_PREFIX}.page-{i}" for i in range(3)], "the search for prompts")
    got, token = [], None
    while True:
        page = client.search_prompts(f"name LIKE '{MODEL_PREFIX}.page-%'", max_results=2, page_token=token)
        got += [p.name for p in page]
        token = page.token
        if not token:
            break
    same(sorted(got), sorted(names), "all pages of the search for prompts")
    models = [m.name for m in client.search_registered_models(f"name LIKE '{MODEL_PREFIX}.page-%'")]
    same(models, [f"{MODEL_PREFIX}.page-model"], "the models that are no prompts")
    if CACHES:  # before, it was for Databricks alone
        same([int(v.version) for v in client.search_prompt_versions(name)], [3, 2, 1], "the versions, newest first")
    same([int(v.version) for v in client.search_model_versions(f"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'",
         order_by=["version_number ASC"])], [1, 2, 3], "the versions in the search")


def linked():
    with mlflow.start_run() as run:
        prompts.load_prompt(name, version=1)
        made = mlflow.initialize_logged_model(name="uses-a-prompt")
    run_id = run.info.run_id
    client.link_prompt_version_to_run(run_id, f"prompts:/{name}/2")
    of_run = client.get_run(run_id).data.tags["mlflow.linkedPrompts"]
    assert name in of_run and '"2"' in of_run, of_run
    client.link_prompt_version_to_model(name, "3", made.model_id)
    of_model = mlflow.get_logged_model(made.model_id).tags["mlflow.linkedPrompts"]
    assert name in of_model and '"3"' in of_model, of_model


def logged_in_runs():
    """The association by tag, which newer clients only undo."""
    run = client.create_run(experiment.experiment_id).info.run_id
    if hasattr(client, "log_prompt"):
        client.log_prompt(run, f"prompts:/{name}/2")
    else:
        client.set_prompt_version_tag(name, "2", "mlflow.prompt.associatedRunIds", run)
    same([int(p.version) for p in client.list_logged_prompts(run)], [2], "the prompts of a run")
    client.detach_prompt_from_run(run, f"prompts:/{name}/2")
    same(list(client.list_logged_prompts(run)), [], "the prompts of a run, detached")


def ends():
    client.delete_prompt_version(name, "2")
    absent(lambda: client.get_prompt_version(name, "2"))
    same(text(name, 3), "Bye {{who}}", "the version after it")
    client.delete_prompt(name)
    absent(lambda: client.get_prompt(name))
    same([p.name for p in prompts.search_prompts(f"name = '{name}'")], [], "the prompts that are left")


def no_prompt_of_a_model():
    """What is a model stays one, and the other way round."""
    e = failure(lambda: prompts.register_prompt(f"{MODEL_PREFIX}.page-model", "x"))
    assert "exists" in e.message, e
    e = failure(lambda: client.create_registered_model(f"{MODEL_PREFIX}.page-0"))
    assert "taken by a prompt" in e.message, e


versions()
aliases()
if CHATS:
    chats()
else:
    lacking("prompts of several messages")
if hasattr(client, "set_prompt_tag"):
    tags()
else:
    lacking("set_prompt_tag")
if hasattr(prompts, "search_prompts"):
    found()
    no_prompt_of_a_model()
else:  # what the client shows as models that are prompts
    found = client.search_registered_models(f"name = '{name}' AND tags.`mlflow.prompt.is_prompt` = 'true'")
    same([m.name for m in found], [name], "the search for prompts")
    lacking("search_prompts")
if hasattr(client, "link_prompt_version_to_run"):
    linked()
else:
    lacking("link_prompt_version_to_run")
if CACHES or hasattr(client, "log_prompt"):
    logged_in_runs()
if hasattr(client, "delete_prompt_version"):
    ends()
else:
    lacking("delete_prompt_version")
print("passed")
