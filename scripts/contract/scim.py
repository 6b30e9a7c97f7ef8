"""Runs scim2-tester as an identity provider with a token for `scim:users`. What it finds is either below, with the reason, or a failure;
what is below and no longer found is a failure, too."""

import os
import sys

import requests
from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

API = os.environ["API"]
GATEWAY = "API Gateway answers a method that a path lacks, and a path that is not there, by itself: 404, application/problem+json"
EXCLUDED = "openapi.yaml: excludedAttributes is ignored, every attribute is shown"
FORMATTED = "name.formatted is always there, made of the two names if need be, as RFC 7643 has it"
ROLES = "a role is one of the deployment's; the account takes roles from its identity provider, and SCIM's are ignored"

# Check, and a part of what it says: why it stands.
KNOWN = {
    ("random_url", "application/problem+json"): GATEWAY,
    ("search_with_attributes", "application/problem+json"): GATEWAY + "; there is no /.search",
    ("object_query_with_attributes", "excluded attribute"): EXCLUDED,
    ("object_list_with_attributes", "excluded attribute"): EXCLUDED,
    ("check_replace_attribute", "'name'"): FORMATTED,
    ("check_add_attribute", "'name'"): FORMATTED,
    ("check_replace_attribute", "'roles'"): ROLES,
    ("check_add_attribute", "'roles'"): ROLES,
    ("check_remove_attribute", "'active'"): "nobody is neither active nor suspended",
}
# The tester makes up whether an address is primary, so these come and go.
BY_CHANCE = {
    ("check_add_attribute", "'emails'"): "one address is kept, and it is the primary one whatever was said of it",
    ("check_replace_attribute", "'emails'"): "the same",
}
for check, path in [("service_provider_config", "ServiceProviderConfig"), ("schemas", "Schemas"), ("resource_types", "ResourceTypes")]:
    for method in ["POST", "PUT", "PATCH", "DELETE"]:
        KNOWN[f"{check}_endpoint_methods", f"{method} /{path} returned 404"] = GATEWAY


def post(path: str, **what) -> dict:
    answer = requests.post(API + path, timeout=10, **what)
    answer.raise_for_status()
    return answer.json()


def provider_token() -> str:
    jwt = post("/_local/sign-in", data={"account": "acc_scim", "subject": "ada", "roles": "admin"})["access_token"]
    body = {"name": "directory", "kind": "service", "scopes": ["scim:users"]}
    return post("/v1/tokens", headers={"Authorization": f"Bearer {jwt}"}, json=body)["token"]


def known(check: str, reason: str):
    return next((k for k in [*KNOWN, *BY_CHANCE] if k[0] == check and k[1] in reason), None)


client = Client(base_url=f"{API}/scim/v2", headers={"Authorization": f"Bearer {provider_token()}"})
results = check_server(SyncSCIMClient(client))
passed = [r for r in results if r.status in (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)]
found = {}
for r in results:
    if r not in passed:
        found.setdefault(known(r.title, r.reason or ""), []).append(f"{r.status.name} {r.title}: {r.reason}")

new = found.pop(None, [])
gone = [k for k in KNOWN if k not in found]
for line in new:
    print(f"new: {line}")
for check, reason in gone:
    print(f"listed, and no longer found: {check}, {reason}")
print(f"{len(passed)} checks pass, {len(found)} deviate as listed")
sys.exit(1 if new or gone or len(passed) < 25 else 0)
