"""Whom the gate does not know: one attempt, a clear answer, no retries."""

import time

from setting import client, failure, same

began = time.monotonic()
e = failure(lambda: client.search_experiments())
same((e.error_code, e.get_http_status_code()), ("UNAUTHENTICATED", 401), f"error {e.message!r}")
took = time.monotonic() - began
assert took < 10, f"want one attempt, got an answer after {took:.0f} s"
e = failure(lambda: client.create_experiment("cv/by-nobody"))
same(e.error_code, "UNAUTHENTICATED", f"error {e.message!r}")
print("passed")
