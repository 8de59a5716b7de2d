"""Two teams on one MLflow, through mlgate. Run it by `make demo`.

Everything it makes lies in .cache/demo and is made anew each time. The ports
can be moved: GATE_PORT, ADMIN_PORT, MLFLOW_PORT, LOGIN_PORT.
"""

import base64
import contextlib
import fcntl
import http.cookiejar
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STATE = ROOT / ".cache" / "demo"
API = "/api/2.0/mlflow/"
TEAMS = {"alice": ("cv/image_classification/resnet50", "cv.resnet50"),
         "bob": ("nlp/sentiment_analysis/bert", "nlp.bert")}
running: list[subprocess.Popen] = []


class Trouble(Exception):
    """Something that the user can do something about."""


def port(name, default):
    text = os.environ.get(name, str(default))
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        sys.exit(f"error: {name}={text}: a port is a number from 1 to 65535")
    return int(text)


PORTS = {"GATE_PORT": port("GATE_PORT", 8080), "ADMIN_PORT": port("ADMIN_PORT", 9090), "MLFLOW_PORT": port("MLFLOW_PORT", 5000),
         "LOGIN_PORT": port("LOGIN_PORT", 8090)}
GATE = f"http://127.0.0.1:{PORTS['GATE_PORT']}"
COMPANY = f"http://127.0.0.1:{PORTS['LOGIN_PORT']}"


@contextlib.contextmanager
def step(text):
    """Shows what is going on: a spinner on a terminal, lines elsewhere."""
    done = threading.Event()

    def spin():
        for c in itertools.cycle("|/-\\"):
            print(f"\r  {c} {text} ", end="", flush=True)
            if done.wait(0.12):
                return

    spinner = threading.Thread(target=spin, daemon=True)
    live = sys.stdout.isatty()
    if live:
        spinner.start()
    else:
        print(f"  … {text}", flush=True)
    began = time.monotonic()
    ok = False
    try:
        yield
        ok = True
    finally:
        done.set()
        if live:
            spinner.join()
        print(("\r" if live else "") + f"  {'✓' if ok else '✗'} {text} ({time.monotonic() - began:.1f} s)", flush=True)


def check_ports():
    if len(set(PORTS.values())) < len(PORTS):
        raise Trouble("two of the ports are the same: " + ", ".join(f"{n}={p}" for n, p in PORTS.items()))
    for name, port in PORTS.items():
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                raise Trouble(f"port {port} is taken: end what listens there, or choose another, "
                              f"as in `make demo {name}={port + 10}`") from None


def start(name, args, env):
    log = open(STATE / f"{name}.log", "wb")
    p = subprocess.Popen(args, cwd=STATE, env={**os.environ, **env}, stdout=log, stderr=log,
                         stdin=subprocess.DEVNULL, start_new_session=True)
    p.log = STATE / f"{name}.log"
    running.append(p)
    return p


def wait_for(p, url, what):
    for _ in range(600):
        if p.poll() is not None:
            tail = p.log.read_text(errors="replace").strip().splitlines()[-5:]
            raise Trouble(f"{what} ended at once; its last words (all of them: {p.log.relative_to(ROOT)}):\n  " + "\n  ".join(tail))
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.1)
    raise Trouble(f"{what} did not answer within a minute; see {p.log.relative_to(ROOT)}")


def stop_all():
    # A second Ctrl-C must not leave a server behind.
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(s, signal.SIG_IGN)
    for p in reversed(running):
        if p.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(p.pid, signal.SIGTERM)
    for p in running:
        try:
            p.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)


def call(user, password, method, path, body=None):
    """One request through the gate: (status, decoded answer)."""
    req = urllib.request.Request(GATE + path, method=method, data=json.dumps(body).encode() if body is not None else None)
    req.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    req.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(req, timeout=60) as r:
            return r.status, json.loads(r.read() or b"{}")
    except urllib.error.HTTPError as e:
        text = e.read()
        try:
            return e.code, json.loads(text)
        except ValueError:
            return e.code, {"message": text.decode(errors="replace")}


def alone():
    """Holds a lock as long as the demo runs: two would share one folder."""
    STATE.parent.mkdir(parents=True, exist_ok=True)
    lock = open(STATE.parent / "demo.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Trouble("another demo is running in this folder: end it by Ctrl-C first") from None
    return lock


def prepare():
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir(parents=True)
    for name in ("mlgate.yaml", "policy.csv"):
        shutil.copy(HERE / name, STATE / name)
    (STATE / "oidc.secret").write_text(secrets.token_urlsafe(24))
    passwords = {}
    for user in ("alice", "bob", "carol"):
        passwords[user] = secrets.token_urlsafe(9)
        done = subprocess.run([ROOT / "bin/mlgate", "user", "add", "users.htpasswd", user, "--password-stdin"],
                              cwd=STATE, input=passwords[user], text=True, capture_output=True)
        if done.returncode:
            raise Trouble(f"cannot add the user {user}: {done.stderr.strip()}")
    return passwords


def train(user, password):
    experiment, model = TEAMS[user]
    done = subprocess.run([sys.executable, HERE / "train.py", experiment, model], cwd=STATE, text=True, capture_output=True, env={
        **{k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")},
        "MLFLOW_TRACKING_URI": GATE, "MLFLOW_TRACKING_USERNAME": user, "MLFLOW_TRACKING_PASSWORD": password,
        "MLFLOW_DISABLE_TELEMETRY": "true"})
    if done.returncode:
        raise Trouble(f"{user}'s training failed:\n{done.stderr.strip()[-1500:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def sees(user, password):
    _, e = call(user, password, "POST", API + "experiments/search", {"max_results": 100})
    _, m = call(user, password, "GET", API + "registered-models/search?max_results=100")
    return [x["name"] for x in e.get("experiments", [])], [x["name"] for x in m.get("registered_models", [])]


def browser(user):
    """Signs in as a browser does, at the company: what such a session sees."""
    web = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    try:
        page = web.open(GATE + "/_gate/login/company", timeout=60)  # the company asks who it is
        web.open(page.url + "&login_hint=" + user, timeout=60)
        search = urllib.request.Request(GATE + API + "experiments/search", data=b'{"max_results": 100}', headers={"Content-Type": "application/json"})
        found = json.loads(web.open(search, timeout=60).read())
    except urllib.error.HTTPError as e:
        raise Trouble(f"{user} cannot sign in at the company: {e.code} {e.read().decode(errors='replace')[-500:]}") from None
    return [x["name"] for x in found.get("experiments", [])]


def tries(user, password, other, made):
    """What somebody of one team tries on another's things."""
    experiment, model = TEAMS[other]
    path = f"{made['experiment_id']}/{made['run_id']}/artifacts/report.md"
    return [
        (f"make an experiment {experiment}-2", *call(user, password, "POST", API + "experiments/create", {"name": experiment + "-2"})),
        ("read their run by its id", *call(user, password, "GET", API + "runs/get?" + urllib.parse.urlencode({"run_id": made["run_id"]}))),
        ("log a metric into their run", *call(user, password, "POST", API + "runs/log-metric",
                                              {"run_id": made["run_id"], "key": "accuracy", "value": 1, "timestamp": 1})),
        ("download their artifact", *call(user, password, "GET", "/api/2.0/mlflow-artifacts/artifacts/" + path)),
        (f"look at the model {model}", *call(user, password, "GET", API + "registered-models/get?" + urllib.parse.urlencode({"name": model}))),
    ]


def table(rows, heads):
    widths = [max(len(str(r[i])) for r in [heads, *rows]) for i in range(len(heads))]
    line = lambda r: "  " + "  ".join(str(c).ljust(w) for c, w in zip(r, widths)).rstrip()  # noqa: E731
    print(line(heads))
    print("  " + "  ".join("─" * w for w in widths))
    for r in rows:
        print(line(r))


def show(passwords, made):
    print("\nWhat each of them sees\n")
    views = {u: sees(u, passwords[u]) for u in passwords}
    table([(u, "\n".join(e[:1]) + (f" (+{len(e) - 1})" if len(e) > 1 else ""), ", ".join(m)) for u, (e, m) in views.items()],
          ("user", "experiments", "models"))
    print("\nWhat they see in a browser, signed in at the company\n")
    signed_in = {u: browser(u) for u in TEAMS}
    table([(u, ", ".join(names)) for u, names in signed_in.items()], ("user", "experiments"))
    refused = []
    for user, other in (("alice", "bob"), ("bob", "alice")):
        for what, status, answer in tries(user, passwords[user], other, made[other]):
            refused.append((user, what, status, answer.get("error_code", "let through!")))
    print("\nWhat each of them was refused\n")
    table(refused, ("user", "tried to … (on the other team)", "status", "answer"))
    wrong = [r for r in refused if r[2] < 400]
    for user, (experiments, models) in views.items():
        if user in TEAMS:
            prefix = TEAMS[user][0].split("/")[0]
            wrong += [n for n in experiments + models if n.replace(".", "/").split("/")[0] != prefix]
    wrong += [f"{u} in the browser: {names}" for u, names in signed_in.items() if names != views[u][0]]
    if wrong:
        raise Trouble(f"this should not have been possible: {wrong}")


def by_hand(passwords, tokens):
    print(f"\nTry it by hand\n\n  MLflow's UI, through the gate:  {GATE}/  (sign in at the company, or by password)")
    print(f"  Who am I, which names:          {GATE}/_gate/account\n")
    table([(u, p, tokens[u]) for u, p in passwords.items()], ("user", "password", "API token"))
    print(f"\n  export MLFLOW_TRACKING_URI={GATE} MLFLOW_TRACKING_TOKEN={tokens['alice']}")
    print("  .venv/bin/mlflow experiments search\n")
    print(f"  config, policy, users and logs: {STATE.relative_to(ROOT)}/ (edit policy.csv there: it counts at once)")


def main():
    oneshot = os.environ.get("ONESHOT", "") not in ("", "0")
    lock = alone()  # noqa: F841
    check_ports()
    print("mlgate: two teams, one MLflow\n")
    with step("three users with new passwords"):
        passwords = prepare()
    with step("a stock MLflow on loopback"):
        mlflow = start("mlflow", [Path(sys.executable).with_name("mlflow"), "server", "--host", "127.0.0.1", "--port", str(PORTS["MLFLOW_PORT"]),
                                  "--backend-store-uri", f"sqlite:///{STATE}/mlflow.db", "--serve-artifacts",
                                  "--artifacts-destination", str(STATE / "artifacts"), "--workers", "1"],
                       {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_ENABLE_AI_GATEWAY": "false", "MLFLOW_DISABLE_TELEMETRY": "true"})
        wait_for(mlflow, f"http://127.0.0.1:{PORTS['MLFLOW_PORT']}/health", "MLflow")
    with step("a company login"):
        company = start("company", [ROOT / "bin/demo-company", "-listen", COMPANY.removeprefix("http://"), "-gate", GATE, "-secret-file", "oidc.secret"], {})
        wait_for(company, COMPANY + "/.well-known/openid-configuration", "the company login")
    with step("mlgate in front of it"):
        gate = start("mlgate", [ROOT / "bin/mlgate", "serve", "--config", "mlgate.yaml"],
                     {"MLGATE_LISTEN": f"127.0.0.1:{PORTS['GATE_PORT']}", "MLGATE_EXTERNAL_URL": GATE,
                      "MLGATE_ADMIN_LISTEN": f"127.0.0.1:{PORTS['ADMIN_PORT']}",
                      "MLGATE_AUTH_OIDC": json.dumps([{
                          "name": "company", "display_name": "the demo company", "issuer": COMPANY, "client_id": "mlgate",
                          "client_secret_file": "oidc.secret", "user_claim": "preferred_username", "groups_claim": "groups",
                          "trust_names": True,  # its alice is the alice of the password file
                      }]),
                      "MLGATE_UPSTREAM_URL": f"http://127.0.0.1:{PORTS['MLFLOW_PORT']}"})
        wait_for(gate, GATE + "/health", "mlgate")
    made = {}
    for user, (experiment, model) in TEAMS.items():
        with step(f"{user} trains {experiment} and registers {model}"):
            made[user] = train(user, passwords[user])
    tokens = {}
    with step("an API token for each"):
        for user, password in passwords.items():
            status, answer = call(user, password, "POST", "/_gate/api/v1/tokens", {"name": "demo", "ttl": "24h"})
            if status != 201:
                raise Trouble(f"no token for {user}: {answer}")
            tokens[user] = answer["token"]
    show(passwords, made)
    if oneshot:
        print("\nEverything is stopped now. Without ONESHOT it stays up, and you can try it by hand.")
        return
    by_hand(passwords, tokens)
    print("\nEverything stays up until Ctrl-C.", flush=True)
    while all(p.poll() is None for p in running):
        time.sleep(0.5)
    raise Trouble("a server ended; see the logs in " + str(STATE.relative_to(ROOT)))


if __name__ == "__main__":
    for s in (signal.SIGTERM, signal.SIGHUP):  # the latter when the terminal is closed
        signal.signal(s, lambda n, _: sys.exit(128 + n))
    try:
        main()
    except Trouble as e:
        sys.exit(f"\nerror: {e}")
    except KeyboardInterrupt:
        print("\nstopping")
    except BrokenPipeError:  # whoever read this has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    finally:
        stop_all()
