"""Prompts, which are registered models of a kind."""

from inspect import signature

from setting import MODEL_PREFIX, client, lacking, prompts, same

CHATS = "list" in str(signature(prompts.register_prompt).parameters["template"].annotation)
name = f"{MODEL_PREFIX}.greeting"
first = prompts.register_prompt(name, "Hello {{who}}", commit_message="begin", tags={"lang": "en"})
second = prompts.register_prompt(name, "Hi {{who}}", commit_message="shorter")
same((int(first.version), int(second.version)), (1, 2), "versions")
same(prompts.load_prompt(name, version=1).format(who="you"), "Hello you", "loaded text")
same(prompts.load_prompt(f"prompts:/{name}/2").format(who="you"), "Hi you", "loaded by URI")
prompts.set_prompt_alias(name, "live", 1)
same(int(prompts.load_prompt(f"prompts:/{name}@live").version), 1, "by alias")
prompts.delete_prompt_alias(name, "live")

if CHATS:
    chat = prompts.register_prompt(name, [{"role": "user", "content": "Hi {{who}}"}], commit_message="chat")
    same(prompts.load_prompt(name, version=chat.version).template[0]["content"], "Hi {{who}}", "loaded chat")
else:
    lacking("prompts of several messages")

if hasattr(client, "set_prompt_tag"):
    client.set_prompt_tag(name, "owner", "cv")
    same(client.get_prompt(name).tags.get("owner"), "cv", "prompt tag")
else:
    lacking("set_prompt_tag")
if hasattr(prompts, "search_prompts"):
    found = [p.name for p in prompts.search_prompts(f"name LIKE '{MODEL_PREFIX}.%'")]
else:  # what the client shows as models that are prompts
    found = [m.name for m in client.search_registered_models(
        f"name LIKE '{MODEL_PREFIX}.%' AND tags.`mlflow.prompt.is_prompt` = 'true'")]
same(found, [name], "the search for prompts")
print("passed")
