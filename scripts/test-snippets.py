#!/usr/bin/env python3
"""Runs the blocks of docs/attaching.md for functions in Node.js and Python, as they are printed there, on the sample event of
each kind of API. Each must find who called and which scopes they have, and must not go on without an authorizer.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/attaching.md"
# A sample of each kind of API, and where it has what the authorizer said.
SAMPLES = {
    "list-orders/token.json": ("requestContext", "authorizer"),
    "list-shipments/token.json": ("requestContext", "authorizer", "lambda"),
    "live-orders/message.json": ("requestContext", "authorizer"),
    "resolve-orders/token.json": ("identity", "resolverContext"),
}


def block(language):
    found = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        sys.exit(f"{PAGE} has {len(found)} blocks of {language}")
    return found[0]


def in_python(event):
    names = {"event": event}
    exec(block("python"), names)
    return {"account": names["caller"]["accountId"], "has": names["has"]("orders:read"), "lacks": names["has"]("orders:fly")}


def in_node(event):
    program = f"""const event = JSON.parse(process.argv[1]);
{block("js")}
console.log(JSON.stringify({{account: caller.accountId, has: has("orders:read"), lacks: has("orders:fly")}}));"""
    done = subprocess.run(["node", "--eval", program, json.dumps(event)], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout)


for sample, path in SAMPLES.items():
    event = json.loads((ROOT / "events" / sample).read_text())
    said = event
    for step in path:
        said = said[step]
    want = {"account": said["accountId"], "has": True, "lacks": False}
    for run in (in_python, in_node):
        if (got := run(event)) != want:
            sys.exit(f"{sample}, {run.__name__}: {got}, not {want}")
        if "lambda" in path:
            event_without = {**event, "requestContext": {**event["requestContext"], "authorizer": {}}}
        else:
            event_without = {k: v for k, v in event.items() if k != path[0]}
        try:
            run(event_without)
        except RuntimeError as error:
            assert "the authorizer is not attached" in str(error), error
        else:
            sys.exit(f"{sample}, {run.__name__}: it goes on though no authorizer is attached")
print(f"docs/attaching.md: {len(SAMPLES)} kinds of events in Node.js and Python")
