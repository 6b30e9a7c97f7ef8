"""Who calls in a run of schemathesis (CALLER), and what a request that its schema admits may still be refused for."""

import os

import requests
import schemathesis

API = os.environ["API"]
CALLER = os.environ["CALLER"]


def sign_in(account: str) -> dict:
    form = {"account": account, "subject": CALLER, "roles": "admin"}
    answer = requests.post(f"{API}/_local/sign-in", data=form, timeout=10)
    answer.raise_for_status()
    return {"Authorization": "Bearer " + answer.json()["access_token"]}


def narrow(admin: dict) -> dict:
    body = {"name": "narrow", "scopes": ["orders:read"], "expiresIn": "PT1H"}
    answer = requests.post(f"{API}/v1/tokens", headers=admin, json=body, timeout=10)
    answer.raise_for_status()
    return {"Authorization": "Bearer " + answer.json()["token"]}


if CALLER == "administrator":

    @schemathesis.auth()
    class Administrator:
        """Of the account that operates the APIs. The last administrator cannot lock themselves out; run checks that they did not."""

        def get(self, case, context):
            return sign_in("acc_demo")

        def set(self, case, data, context):
            case.headers.update(data)


if CALLER == "narrow":

    @schemathesis.auth(refresh_interval=None)
    class Narrow:
        """A token of its own for each request, because a token may pause, rotate and revoke itself."""

        admin = sign_in("acc_narrow")

        def get(self, case, context):
            return narrow(self.admin)

        def set(self, case, data, context):
            case.headers.update(data)


# Codes of field errors that no schema of one request can foretell.
STATE = {
    "bad_cursor",  # a cursor is of an earlier page of the same query
    "no_self",  # a person has no token that calls
    "reused",  # an Idempotency-Key that came with another body
    "wrong_subject",  # a user's id is made of the subject
    "in_past", "in_future", "after_expiry", "over_maximum", "must_expire",  # now, and the account's settings
    "no_effect",  # a service token's maxTokensPerUser: openapi.yaml says in words that it has none
    "bad_etag",  # schemathesis sends a bare 0 for If-Match, which the pattern does not admit
    "bad_cidr", "host_bits",  # openapi.yaml bounds the length of a block, and says its grammar in words
    "bad_duration",  # parts that are right alone, and more than 100 years together
    "bad_subject",  # text that is not printable; openapi.yaml bounds its length
    "bad_method",  # `$connect` has none of its own: its rule is for `*`
    "bad_path",  # a segment `.` or `..`, and two parameters of one name
    "contradiction",  # two members that are right alone
    "unknown_scope", "unknown_role",  # what the deployment has
    "duplicate", "overlapping", "ambiguous", "unreachable",  # rules, or blocks, beside each other
}
# scimTypes that depend on the person, on SCIM's own grammar of paths and filters, or on which text may be a subject.
SCIM_STATE = {"mutability", "uniqueness", "noTarget", "invalidPath", "invalidFilter", "invalidValue"}


@schemathesis.check
def what_the_schema_admits_is_taken(ctx, response, case):
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 413, 415, 422):
        return
    answer = response.json()
    if case.path.startswith("/scim/"):
        foreseen = answer.get("scimType") in SCIM_STATE
    else:
        # A document sent as `openapi` has a schema of its own, OpenAPI's.
        foreseen = all(e["code"] in STATE or e["field"].startswith("openapi") for e in answer.get("errors", []))
    assert foreseen, f"refused: {response.text}"
