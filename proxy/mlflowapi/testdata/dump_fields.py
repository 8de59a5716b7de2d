"""Print the fields of the message that MLflow reads at each of its addresses.

JSON: {"METHOD path": {field: fields of its message, or null}}; the name of a
list ends in []. Addresses that MLflow reads without a message are not in it.
"""
import json
import re

from mlflow.server import handlers


def tree(message, above=()):
    fields = {}
    for field in message.fields:
        inner = field.message_type
        name = field.name + ("[]" if field.is_repeated else "")
        known = inner is None or inner.full_name.startswith("google.") or inner.full_name in above
        fields[name] = None if known else tree(inner, (*above, inner.full_name))
    return fields


messages = {handler: message for message, handler in handlers.HANDLERS.items()}
found = {}
for path, handler, methods in handlers.get_endpoints():
    message = messages.get(handler)
    if message is None:
        continue
    path = re.sub(r"<path:(\w+)>", r"{\1...}", path)
    path = re.sub(r"<(\w+)>", r"{\1}", path)
    for method in methods:
        found[f"{method} {path}"] = tree(message.DESCRIPTOR)
print("fields " + json.dumps(found))
