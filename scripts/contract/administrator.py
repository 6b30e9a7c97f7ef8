"""After schemathesis has done to the account whatever it could as its only administrator: they still sign in, and still are one."""

import os

import requests

API = os.environ["API"]
signed_in = requests.post(f"{API}/_local/sign-in", data={"account": "acc_demo", "subject": "administrator", "roles": "admin"}, timeout=10)
signed_in.raise_for_status()
credential = {"Authorization": "Bearer " + signed_in.json()["access_token"]}


def get(path: str) -> dict:
    answer = requests.get(API + path, headers=credential, timeout=10)
    answer.raise_for_status()
    return answer.json()


me = get("/v1/users/me")
assert me["status"] == "active" and me["roles"] == ["admin"], me
print(f"active, {me['roles']}, after {get('/v1/settings')['version']} policies and {me['version']} changes of theirs")
