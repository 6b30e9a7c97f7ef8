"""Who calls in a run of schemathesis (CALLER), and what a request that its schema admits may still be refused for."""

import atexit
import ipaddress
import os
import re

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
    "before_from",  # `to` and `from` beside each other
    "unknown_scope", "unknown_role",  # what the deployment has
    "duplicate", "overlapping", "ambiguous", "unreachable",  # rules, or blocks, beside each other
}
YEARS = {"Y": 1, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
HOURS = {"H": 1, "M": 1 / 60, "S": 1 / 3600}


def years(duration: str) -> float:
    """How long an ISO 8601 duration is, about."""
    days, _, hours = duration[1:].partition("T")
    clock = sum(float(n) * HOURS[unit] for n, unit in re.findall(r"([0-9.]+)([HMS])", hours))
    return clock / 24 / 365.25 + sum(int(n) * YEARS[unit] for n, unit in re.findall(r"([0-9]+)([YMWD])", days))


def host_bits(block: str) -> bool:
    try:
        ipaddress.ip_network(block)
    except ValueError:
        return True
    return False


def doubled_parameter(path: str) -> bool:
    names = re.findall(r"{([^}+]*)", path)
    return len(names) != len(set(names))


# Codes that are right only of such values: no pattern can sum up, or tell which bits of an IPv6 address are set.
VALUE = {
    "host_bits": host_bits,
    "bad_duration": lambda duration: years(duration) > 99.9,
    "too_long": lambda duration: years(duration) > 6.9 / 365.25,  # the gracePeriod of a rotation
    "bad_time": lambda instant: instant.startswith(("0000-12-31T", "0001-01-0", "9999-12-31T", "0000-01-01T")),  # not in years 0 to 9999 in UTC, or no time
    "bad_path": doubled_parameter,
    # schemathesis takes a bare 0 for an If-Match that the pattern admits.
    "bad_etag": lambda tag: not re.fullmatch(r'\*|(W/)?"[^"]*"', tag),
}


def value_of(case, field: str):
    """What was sent as a field that an answer names, such as rules[1].path."""
    if case.headers and field in case.headers:
        return case.headers[field]
    value = case.body
    for name, index in re.findall(r"([A-Za-z]+)|\[([0-9]+)\]", field):
        value = value[name] if name else value[int(index)]
    return value


def foreseen(case, error: dict) -> bool:
    field, code = error["field"], error["code"]
    if field.startswith("openapi"):
        return True  # a document sent as `openapi` has a schema of its own, OpenAPI's
    if code == "contradiction":  # the default lifetime is over the maximum
        return field.endswith(".defaultLifetime")
    return code in STATE or code in VALUE and VALUE[code](value_of(case, field))


def foreseen_by_scim(case, kind: str) -> bool:
    patch = case.method.upper() == "PATCH"  # a value is of the path beside it, in a grammar of SCIM's own
    return {
        "mutability": patch or case.method.upper() == "PUT",  # of another person's userName
        "noTarget": patch, "invalidPath": patch,
        "invalidFilter": patch or case.method.upper() == "GET",
        "invalidValue": patch or bool(case.body.get("roles")),  # roles are the deployment's
    }.get(kind, False)


@schemathesis.check
def what_the_schema_admits_is_taken(ctx, response, case):
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code not in (400, 413, 415, 422):
        return
    answer = response.json()
    if case.path.startswith("/scim/"):
        fair = foreseen_by_scim(case, answer.get("scimType"))
    else:
        fair = all(foreseen(case, e) for e in answer.get("errors", []))
    assert fair, f"refused: {response.text}"


if CALLER == "nobody":

    @schemathesis.check
    def nobody_is_let_in(ctx, response, case):
        # What is too large, and a path that is not there, the gateway answers before it asks who calls.
        assert response.status_code in (401, 404, 413, 414, 431), f"let in: {response.status_code} {response.text}"


def operation(case) -> str:
    return f"{case.operation.method.upper()} {case.operation.path}"


if CALLER == "administrator":
    OPERATIONS = set()
    WORKED = set()

    @schemathesis.check
    def something_works(ctx, response, case):
        OPERATIONS.add(operation(case))
        if response.status_code < 300:
            WORKED.add(operation(case))

    @atexit.register
    def tell():
        print(f"{len(WORKED)} of {len(OPERATIONS)} operations succeeded at least once; not: {sorted(OPERATIONS - WORKED)}", flush=True)
        if len(WORKED) < 30:  # the credential or the policy is not what it should be, and all the refusals prove nothing
            os._exit(1)
