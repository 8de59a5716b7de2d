"""Prompts, which are registered models of a kind."""

import mlflow
from setting import MODEL_PREFIX, client, same

name = f"{MODEL_PREFIX}.greeting"
first = mlflow.genai.register_prompt(name, "Hello {{who}}", commit_message="begin", tags={"lang": "en"})
second = mlflow.genai.register_prompt(name, [{"role": "user", "content": "Hi {{who}}"}], commit_message="chat")
same((first.version, second.version), (1, 2), "versions")
same(mlflow.genai.load_prompt(name, version=1).format(who="you"), "Hello you", "loaded text")
same(mlflow.genai.load_prompt(f"prompts:/{name}/2").template[0]["content"], "Hi {{who}}", "loaded chat")
mlflow.genai.set_prompt_alias(name, "live", 1)
same(mlflow.genai.load_prompt(f"prompts:/{name}@live").version, 1, "by alias")
mlflow.genai.delete_prompt_alias(name, "live")
client.set_prompt_tag(name, "owner", "cv")
same(client.get_prompt(name).tags.get("owner"), "cv", "prompt tag")
found = mlflow.genai.search_prompts(f"name LIKE '{MODEL_PREFIX}.%'")
same([p.name for p in found], [name], "search_prompts")
print("passed")
