"""Authlib against a running Countersign: code flow with PKCE, refresh, client credentials, introspection, revocation.

Parameters come from the environment or, overriding it, from one JSON object as the only argument (see ../README.md).
"""

import json
import os
import sys
from urllib.parse import parse_qs, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet, import_key

from harness import Browser, metadata, parameter, run

ISSUER = parameter("ISSUER")
REDIRECT_URI = parameter("REDIRECT_URI")
API_URL = parameter("API_URL")
API_SCOPE = parameter("API_SCOPE", "notes:read")

if ISSUER.startswith("http://"):
    os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "true"  # a development issuer on loopback


def session(client_id, secret, method, **options):
    return OAuth2Session(client_id, secret, token_endpoint_auth_method=method, redirect_uri=REDIRECT_URI, **options)


def sign_in(client, server, browser, scope):
    """From the authorization URL to tokens; what Authlib leaves to the caller (iss, nonce) is checked here."""
    verifier, nonce = generate_token(48), generate_token(20)
    client.scope = scope
    url, state = client.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier, nonce=nonce)
    answer, _ = browser.authorize(url, REDIRECT_URI)
    assert parse_qs(urlsplit(answer).query)["iss"] == [ISSUER], answer
    tokens = client.fetch_token(
        server["token_endpoint"], authorization_response=answer, state=state, code_verifier=verifier
    )
    return tokens, id_token_claims(tokens, server, client.client_id, nonce)


def id_token_claims(tokens, server, client_id, nonce):
    keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
    algorithms = server["id_token_signing_alg_values_supported"]
    token = jwt.decode(tokens["id_token"], keys, algorithms=algorithms)
    options = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": client_id}}
    parameters = {"nonce": nonce, "client_id": client_id, "access_token": tokens["access_token"]}
    claims = CodeIDToken(token.claims, token.header, options, parameters)
    claims.validate()
    return claims


def refused(error, call):
    """Whatever `call` does must be refused with this error code."""
    try:
        call()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
        return
    raise AssertionError("was not refused")


def introspect(client, server, token):
    return client.introspect_token(server["introspection_endpoint"], token=token).json()


def code_flow(server):
    client, browser = session(parameter("CLIENT_ID"), None, "none", code_challenge_method="S256"), Browser()
    tokens, claims = sign_in(client, server, browser, f"openid profile email offline_access {API_SCOPE}")
    yield "sign-in of a public client with PKCE"

    person = client.get(server["userinfo_endpoint"], timeout=30).json()
    assert person["sub"] == claims["sub"] and person["email"], person
    yield "UserInfo is the same person"

    new = client.refresh_token(server["token_endpoint"], refresh_token=tokens["refresh_token"])
    assert new["refresh_token"] != tokens["refresh_token"], "the refresh token was not rotated"
    yield "refresh rotates"

    bad = f"{new['refresh_token']}x"
    refused("invalid_grant", lambda: client.refresh_token(server["token_endpoint"], refresh_token=bad))
    yield "an unknown refresh token is invalid_grant"


def confidential_client(server):
    credentials = parameter("CONFIDENTIAL_CLIENT_ID"), parameter("CONFIDENTIAL_CLIENT_SECRET")
    for method in ("client_secret_basic", "client_secret_post"):
        client, browser = session(*credentials, method, code_challenge_method="S256"), Browser()
        tokens, _ = sign_in(client, server, browser, "openid profile offline_access")
        answer = introspect(client, server, tokens["access_token"])
        assert answer["active"] and answer["client_id"] == credentials[0], answer
        yield f"sign-in and introspection with {method}"

        ended = client.revoke_token(server["revocation_endpoint"], token=tokens["refresh_token"])
        assert ended.status_code == 200, ended.status_code
        refused("invalid_grant", lambda: client.refresh_token(server["token_endpoint"], tokens["refresh_token"]))
        assert not introspect(client, server, tokens["access_token"])["active"], "still active"
        yield f"revocation with {method} ends the grant"


def machine_clients(server):
    secret = parameter("MACHINE_CLIENT_ID"), parameter("MACHINE_CLIENT_SECRET")
    ask = {"grant_type": "client_credentials", "scope": API_SCOPE}
    for method in ("client_secret_basic", "client_secret_post"):
        tokens = session(*secret, method).fetch_token(server["token_endpoint"], **ask)
        check_machine_token(tokens, secret[0], server)
        yield f"client credentials with {method}"

    with open(parameter("KEY_CLIENT_JWK"), encoding="utf-8") as file:
        jwk = json.load(file)
    key = import_key(jwk)
    client = session(parameter("KEY_CLIENT_ID"), key, "private_key_jwt")
    method = PrivateKeyJWT(server["token_endpoint"], headers={"kid": key.kid}, alg=jwk["alg"])
    client.register_client_auth_method(method)
    tokens = client.fetch_token(server["token_endpoint"], **ask)
    check_machine_token(tokens, parameter("KEY_CLIENT_ID"), server)
    yield "client credentials with private_key_jwt"

    wrong = session(secret[0], "not the secret", "client_secret_basic")
    refused("invalid_client", lambda: wrong.fetch_token(server["token_endpoint"], **ask))
    yield "a wrong secret is invalid_client"


def check_machine_token(tokens, client_id, server):
    keys = KeySet.import_key_set(requests.get(server["jwks_uri"], timeout=30).json())
    token = jwt.decode(tokens["access_token"], keys, algorithms=["RS256", "PS256", "ES256", "ES384", "EdDSA"])
    audience = token.claims["aud"]
    assert token.header["typ"] == "at+jwt" and token.claims["sub"] == client_id, token.claims
    assert API_URL in ([audience] if isinstance(audience, str) else audience), audience
    assert "refresh_token" not in tokens, "a refresh token for client credentials"


def main():
    server = metadata()
    return run(code_flow(server), confidential_client(server), machine_clients(server))


if __name__ == "__main__":
    sys.exit(main())
