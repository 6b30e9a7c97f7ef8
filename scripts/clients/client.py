"""Creates, lists, rotates and revokes a token with the client that openapi-python-client makes of openapi.yaml."""

import os

from tokenwright import AuthenticatedClient
from tokenwright.api.reference import ping
from tokenwright.api.tokens import create_token, list_tokens, revoke_token, rotate_token
from tokenwright.models import CreateToken, RotateToken


def client(credential: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["API"], token=credential)


def want(status: int, answer):
    assert answer.status_code == status, (answer.status_code, answer.content)
    return answer.parsed


ada = client(os.environ["JWT"])
created = want(201, create_token.sync_detailed(client=ada, body=CreateToken(name="python")))
listed = want(200, list_tokens.sync_detailed(client=ada))
assert listed.records[0].id == created.id
rotated = want(200, rotate_token.sync_detailed(created.id, client=ada, body=RotateToken()))
assert rotated.token != created.token
mine = client(rotated.token)
want(200, ping.sync_detailed(client=mine))
want(204, revoke_token.sync_detailed(created.id, client=ada))
want(401, ping.sync_detailed(client=mine))
