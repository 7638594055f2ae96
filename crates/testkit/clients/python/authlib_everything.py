"""Authlib: everything of OpenID Connect that it has, against a server with all of it switched on.

What it leaves to its callers is done here as its documentation shows: registration is a plain POST, signatures and
encryption are those of joserfc (Authlib's own choice).
"""

import base64
import json
import sys
from urllib.parse import urlencode, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken, HybridIDToken, ImplicitIDToken
from joserfc import jwe, jwt
from joserfc.errors import InvalidClaimError
from joserfc.jwk import KeySet

from harness import ENCRYPTION, SIGNING, Browser, jwks, metadata, pair, parameter, publish, run

ISSUER = parameter("ISSUER")
REDIRECT_URI = "https://client.example/callback"
RESPONSE_TYPES = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]
SERVER = metadata()
KEYS = KeySet.import_key_set(requests.get(SERVER["jwks_uri"], timeout=30).json())
BROWSER = Browser()


def register(**metadata):
    asked = {
        "redirect_uris": [REDIRECT_URI],
        "response_types": RESPONSE_TYPES,
        "grant_types": ["authorization_code", "implicit", "refresh_token"],
        **metadata,
    }
    answer = requests.post(SERVER["registration_endpoint"], json=asked, timeout=30)
    assert answer.status_code == 201, answer.text
    registered = answer.json()
    for name, value in metadata.items():
        assert registered[name] == value, f"{name} came back as {registered.get(name)}"
    return registered


class Party:
    """A registered client, and the key that it proves itself by or reads what is encrypted to it with."""

    def __init__(self, key=None, **metadata):
        self.registered = register(**metadata)
        self.key = key
        method = self.registered["token_endpoint_auth_method"]
        secret = key if method == "private_key_jwt" else self.registered.get("client_secret")
        self.session = OAuth2Session(
            self.registered["client_id"],
            secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            redirect_uri=self.registered["redirect_uris"][0],
            scope="openid email offline_access",
            code_challenge_method="S256",
        )
        alg = self.registered.get("token_endpoint_auth_signing_alg") or (key.alg if key else "HS256")
        if method == "client_secret_jwt":
            self.session.register_client_auth_method(ClientSecretJWT(SERVER["token_endpoint"], alg=alg))
        if method == "private_key_jwt":
            headers = {"kid": key.kid}
            self.session.register_client_auth_method(PrivateKeyJWT(SERVER["token_endpoint"], headers=headers, alg=alg))

    def sign_in(self, kind="code", mode=None, through=dict, meddle=dict):
        """One sign-in; gives the claims of the (last) ID token and all access tokens. `through` may change the
        request, `meddle` the answer."""
        verifier, nonce = generate_token(48), generate_token(20)
        mode = mode or ("query" if kind == "code" else "fragment")
        asked = through({"response_mode": mode, "prompt": "consent", "nonce": nonce})
        url, state = self.session.create_authorization_url(
            SERVER["authorization_endpoint"], response_type=kind, code_verifier=verifier, **asked
        )
        answer = meddle(BROWSER.answered(url, self.session.redirect_uri, mode))
        assert (answer["state"], answer["iss"]) == (state, ISSUER), answer
        expected = {"iss", "state"} | {
            name
            for part in kind.split()
            for name in (["access_token", "token_type", "expires_in", "scope"] if part == "token" else [part])
        }
        assert set(answer) == expected, answer

        claims, tokens = None, [answer["access_token"]] if "access_token" in answer else []
        if "id_token" in answer:
            kept = {"access_token": answer.get("access_token"), "code": answer.get("code")}
            rules = HybridIDToken if "code" in kind else ImplicitIDToken
            claims = self.claims(rules, answer["id_token"], nonce, kept)
        if "token" in kind.split() and mode == "fragment":
            fragment = f"{REDIRECT_URI}#{urlencode(answer)}"
            assert self.session.fetch_token(authorization_response=fragment, state=state)["access_token"] == tokens[0]
        if "code" in answer:
            proof = {"code_verifier": verifier} if kind == "code" and "code_challenge=" in url else {}
            new = self.session.fetch_token(
                SERVER["token_endpoint"], code=answer["code"], grant_type="authorization_code", **proof
            )
            tokens.append(new["access_token"])
            again = self.claims(CodeIDToken, new["id_token"], nonce, {"access_token": new["access_token"]})
            assert claims is None or claims["sub"] == again["sub"], (claims, again)
            claims = again
        return claims, tokens

    def opened(self, token, kind):
        """What is inside of a JWE when the client is registered for one."""
        alg = self.registered.get(f"{kind}_encrypted_response_alg")
        if alg is None:
            return token
        algorithms = [alg, self.registered[f"{kind}_encrypted_response_enc"]]
        return jwe.decrypt_compact(token, self.key, algorithms=algorithms).plaintext

    def claims(self, rules, token, nonce, kept):
        algorithm = self.registered.get("id_token_signed_response_alg", "RS256")
        decoded = jwt.decode(self.opened(token, "id_token"), KEYS, algorithms=[algorithm])
        client_id = self.registered["client_id"]
        options = {"iss": {"essential": True, "value": ISSUER}, "aud": {"essential": True, "value": client_id}}
        claims = rules(decoded.claims, decoded.header, options, {"nonce": nonce, "client_id": client_id, **kept})
        claims.validate()
        return claims

    def user_info(self, claims, tokens):
        for token in tokens:
            self.session.token = {"access_token": token, "token_type": "Bearer"}
            answer = self.session.get(SERVER["userinfo_endpoint"], timeout=30)
            person = self.person(answer)
            assert (person["sub"], person["email"]) == (claims["sub"], "alice@example.test"), person

    def person(self, answer):
        algorithm = self.registered.get("userinfo_signed_response_alg")
        if algorithm is None:
            return answer.json()
        assert answer.headers["Content-Type"] == "application/jwt", answer.headers
        claims = jwt.decode(self.opened(answer.text, "userinfo"), KEYS, algorithms=[algorithm]).claims
        assert (claims["iss"], claims["aud"]) == (ISSUER, self.registered["client_id"]), claims
        return claims


def refused(error, call):
    try:
        call()
    except OAuthError as refusal:
        assert refusal.error == error, refusal
        return
    raise AssertionError("was not refused")


def response_types():
    party = Party()
    for kind in RESPONSE_TYPES:
        for mode in ["query"] * (kind == "code") + ["fragment", "form_post"]:
            claims, tokens = party.sign_in(kind, mode)
            assert len(tokens) == sum(part in ("code", "token") for part in kind.split()), tokens
            party.user_info(claims, tokens)
            if not tokens:
                assert claims["email"] == "alice@example.test", claims
            yield f"{kind} by {mode}"


def methods():
    uri = publish("/authlib.json", "application/jwk-set+json", jwks(pair("EdDSA")))
    secrets = ["none", "client_secret_basic", "client_secret_post"]
    wanted = [(method, method, None, {}) for method in secrets]
    for alg in ("HS256", "HS384", "HS512"):
        wanted.append(
            (f"client_secret_jwt by {alg}", "client_secret_jwt", None, {"token_endpoint_auth_signing_alg": alg})
        )
    for alg in SIGNING:
        key = pair(alg)
        wanted.append(
            (
                f"private_key_jwt by {alg}",
                "private_key_jwt",
                key,
                {"jwks": jwks(key), "token_endpoint_auth_signing_alg": alg},
            )
        )
    wanted.append(("private_key_jwt with jwks_uri", "private_key_jwt", pair("EdDSA"), {"jwks_uri": uri}))
    for name, method, key, told in wanted:
        party = Party(key, token_endpoint_auth_method=method, **told)
        claims, _ = party.sign_in()
        new = party.session.refresh_token(SERVER["token_endpoint"])
        party.user_info(claims, [new["access_token"]])
        refresh_token = new["refresh_token"]
        party.session.revoke_token(SERVER["revocation_endpoint"], token=refresh_token)
        refused("invalid_grant", lambda: party.session.refresh_token(SERVER["token_endpoint"], refresh_token))
        yield f"registration, code, refresh, revocation with {name}"


def signatures():
    for alg in SIGNING:
        party = Party(id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg)
        party.user_info(*party.sign_in("code id_token token"))
        yield f"ID tokens and UserInfo signed by {alg}"


def encryption():
    for alg, crv, enc in ENCRYPTION:
        key = pair(alg, crv)
        party = Party(
            key,
            jwks=jwks(key),
            id_token_signed_response_alg="ES256",
            id_token_encrypted_response_alg=alg,
            id_token_encrypted_response_enc=enc,
            userinfo_signed_response_alg="ES256",
            userinfo_encrypted_response_alg=alg,
            userinfo_encrypted_response_enc=enc,
        )
        party.user_info(*party.sign_in("code id_token token"))
        yield f"ID tokens and UserInfo encrypted by {alg} {crv or ''} {enc}"


def request_objects():
    for alg in SIGNING:
        key = pair(alg)
        place = f"{parameter('SHELF')}/authlib-{alg}.jwt"
        party = Party(jwks=jwks(key), request_object_signing_alg=alg, request_uris=[place])

        def signed(parameters):
            claims = {"iss": party.registered["client_id"], "aud": ISSUER, **parameters}
            return jwt.encode({"alg": alg, "kid": key.kid}, claims, key, algorithms=[alg])

        def by_reference(parameters):
            return {"request_uri": publish(urlsplit(place).path, "application/oauth-authz-req+jwt", signed(parameters))}

        for how in (lambda parameters: {"request": signed(parameters)}, by_reference):
            party.user_info(*party.sign_in("code id_token", through=how))
        yield f"request objects signed by {alg}, by value and by reference"


def meddling():
    party = Party()
    for exchanged, claim in (("code", "c_hash"), ("access_token", "at_hash")):
        try:
            party.sign_in("code id_token token", meddle=lambda answer: answer | {exchanged: "another"})
        except InvalidClaimError as error:
            assert claim in str(error), error
        else:
            raise AssertionError(f"{claim} was not compared")
    yield "it notices an exchanged code and access token"


def unsigned():
    party = Party(response_types=["code"], id_token_signed_response_alg="none")
    url, _ = party.session.create_authorization_url(SERVER["authorization_endpoint"], nonce="n")
    answer = BROWSER.answered(url, REDIRECT_URI, "query")
    tokens = party.session.fetch_token(SERVER["token_endpoint"], code=answer["code"], grant_type="authorization_code")
    header, claims, signature = tokens["id_token"].split(".")
    read = json.loads(base64.urlsafe_b64decode(header + "==")), json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert (read[0]["alg"], read[1]["nonce"], signature) == ("none", "n", ""), read
    yield "an unsigned ID token where the client is registered for it"


def pairwise():
    subjects = []
    for host, kind in (("one", "public"), ("two", "pairwise"), ("three", "pairwise")):
        party = Party(redirect_uris=[f"https://{host}.example/callback"], subject_type=kind)
        claims, tokens = party.sign_in()
        party.user_info(claims, tokens)
        subjects.append(claims["sub"])
    assert len(set(subjects)) == 3, subjects
    yield "pairwise subjects: one per sector"


def main():
    return run(
        response_types(), methods(), signatures(), encryption(), request_objects(), meddling(), unsigned(), pairwise()
    )


if __name__ == "__main__":
    sys.exit(main())
