"""idpyoidc: everything of OpenID Connect that it has, with clients that register themselves.

It verifies signature, parties, times, nonce, `at_hash` and `c_hash` of every ID token by itself.
"""

import contextlib
import logging
import os
import sys
import tempfile
import warnings

import requests
from cryptojwt import KeyJar
from cryptojwt.jwe.jwe import JWE
from cryptojwt.jwk.jwk import key_from_jwk_dict
from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.exception import ResponseError
from idpyoidc.client.oauth2.stand_alone_client import StandAloneClient
from idpyoidc.client.oidc import authorization
from idpyoidc.client.oidc.registration import Registration
from idpyoidc.client.request_object import construct_request_parameter
from idpyoidc.message.oidc import AtHashError, CHashError

from harness import ENCRYPTION, SIGNING, Browser, jwks, metadata, pair, parameter, publish, run

ISSUER = parameter("ISSUER")
SHELF = parameter("SHELF")
REDIRECT_URI = "https://client.example/callback"
SIGNED_OUT = "https://client.example/signed-out"
RESPONSE_TYPES = ["code", "id_token", "id_token token", "code id_token", "code token", "code id_token token"]


def right_audience(service, request, _kind, **kwargs):
    """idpyoidc gives the name of the parameter (`request`) for the audience; without a name it takes the issuer."""
    return construct_request_parameter(service, request, **kwargs)


authorization.construct_request_parameter = right_audience


class Registering(Registration):
    """RFC 7591 §3.2.1: `scope` is one string of several names. idpyoidc takes it for one name, and refuses that."""

    def update_service_context(self, resp, key="", **kwargs):
        del resp["scope"]
        super().update_service_context(resp, key, **kwargs)


SERVICES = DEFAULT_OIDC_SERVICES | {
    "registration": {"class": Registering},
    "registration_read": {"class": "idpyoidc.client.oidc.read_registration.RegistrationRead"},
    "introspection": {"class": "idpyoidc.client.oauth2.introspection.Introspection"},
    "token_revocation": {"class": "idpyoidc.client.oauth2.token_revocation.TokenRevocation"},
    "end_session": {"class": "idpyoidc.client.oidc.end_session.EndSession"},
}
METHODS = ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "bearer_header"]
PKCE = {
    "pkce": {
        "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
        "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
    }
}
BROWSER = Browser()
TRUST = {"verify": parameter("REQUESTS_CA_BUNDLE")}


def keyjar(*keys):
    """The client's own keys, under the name that idpyoidc gives to itself."""
    jar = KeyJar(httpc_params=TRUST)
    jar.import_jwks({"keys": [key.as_dict(private=True) for key in keys]}, "")
    return jar


class Party:
    """A client that registered itself; by a plain POST when idpyoidc would leave out what is wanted."""

    def __init__(self, *keys, redirect_uri=REDIRECT_URI, add_ons=PKCE, by_hand=False, **wanted):
        self.redirect_uri = redirect_uri
        asked = {"redirect_uris": [redirect_uri], "response_types": RESPONSE_TYPES, **wanted}
        config = {
            "issuer": ISSUER,
            "base_url": SHELF,
            "client_type": "oidc",
            "redirect_uris": [redirect_uri],
            "response_types_supported": RESPONSE_TYPES,
            "response_modes_supported": ["query", "fragment", "form_post"],
            "client_authn_methods": METHODS,
            "add_ons": add_ons,
        }
        if by_hand:
            registered = requests.post(metadata()["registration_endpoint"], json=asked, timeout=30).json()
            config |= {name: registered[name] for name in ("client_id", "client_secret")}
        jar = keyjar(*keys or [pair("ES256"), pair("RS256")])
        self.client = StandAloneClient(
            config=config, services=SERVICES, keyjar=jar, client_type="oidc", httpc_params=TRUST
        )
        self.client.do_provider_info()
        self.client.do_client_registration(request_args=asked)
        self.registered = registered if by_hand else self.client.get_context().registration_response
        self.client.client_id = self.registered["client_id"]  # who signs its assertions; registration does not set it
        for name, value in wanted.items():
            assert self.registered[name] == value, f"{name} came back as {self.registered.get(name)}"

    def sign_in(self, kind="code", mode=None, behaviour=None, before=lambda: None, opened=dict, **asked):
        mode = mode or ("query" if kind == "code" else "fragment")
        request = {
            "response_type": kind,
            "redirect_uri": self.redirect_uri,
            "scope": ["openid", "email"],
            "response_mode": mode,
            **asked,
        }
        url = self.client.init_authorization(req_args=request, behaviour_args=behaviour)
        before()
        answer = BROWSER.answered(url, self.redirect_uri, mode)
        done = self.client.finalize(opened(answer))
        assert "error" not in done, done
        assert done["userinfo"]["email"] == "alice@example.test", done
        return answer, done


def response_types():
    party = Party(add_ons={})
    for kind in RESPONSE_TYPES:
        for mode in ["query"] * (kind == "code") + ["fragment", "form_post"]:
            answer, done = party.sign_in(kind, mode)
            parts = {*kind.split(), "state", "iss"} - {"token"}
            parts |= {"access_token", "token_type", "expires_in", "scope"} if "token" in kind.split() else set()
            assert set(answer) == parts, answer
            assert bool(done["token"]) == (kind != "id_token"), done
            yield f"{kind} by {mode}"


def methods():
    uri = publish("/idpyoidc.json", "application/jwk-set+json", jwks(pair("ES384")))
    plain = ["client_secret_basic", "client_secret_post"]
    wanted = [(method, {"token_endpoint_auth_method": method}, ()) for method in plain]
    for alg in ("HS256", "HS384", "HS512"):
        told = {"token_endpoint_auth_method": "client_secret_jwt", "token_endpoint_auth_signing_alg": alg}
        wanted.append((f"client_secret_jwt by {alg}", told, ()))
    for alg in SIGNING:
        told = {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": alg}
        wanted.append((f"private_key_jwt by {alg}", told | {"jwks": jwks(pair(alg))}, (pair(alg),)))
    told = {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES384",
        "jwks_uri": uri,
    }
    wanted.append(("private_key_jwt with jwks_uri", told, (pair("ES384"),)))
    for name, told, keys in wanted:
        Party(*keys, **told).sign_in()
        yield f"registration and code with {name}"


def signatures():
    for alg in SIGNING:
        party = Party(id_token_signed_response_alg=alg, userinfo_signed_response_alg=alg)
        # It knows no hash for EdDSA, and there is none to compare in the answer of the code flow.
        _, done = party.sign_in("code" if alg == "EdDSA" else "code id_token token")
        assert done["id_token"].jws_header["alg"] == alg, done["id_token"].jws_header
        assert done["userinfo"]["iss"] == ISSUER, "UserInfo was not signed"
        yield f"ID tokens and UserInfo signed by {alg}"


def encryption():
    for alg, crv, enc in ENCRYPTION:
        if crv == "X25519":
            continue  # cryptojwt knows P-256, P-384 and P-521
        key = pair(alg, crv)
        told = {
            f"{what}_encrypted_response_{part}": value
            for what in ("id_token", "userinfo")
            for part, value in (("alg", alg), ("enc", enc))
        }
        party = Party(key, jwks=jwks(key), userinfo_signed_response_alg="ES256", **told)
        for part in ("alg", "enc"):
            del party.registered[f"id_token_encrypted_response_{part}"]  # see opened
        own = [key_from_jwk_dict(key.as_dict(private=True))]

        def opened(answer):
            """idpyoidc takes an encrypted ID token for a broken one, so cryptojwt, on which it rests, decrypts it."""
            return answer | {"id_token": JWE().decrypt(answer["id_token"], own).decode()}

        party.sign_in("id_token token", opened=opened)
        yield f"ID tokens and UserInfo encrypted by {alg} {crv or ''} {enc}"


def request_objects():
    for alg in SIGNING:
        key, file = pair(alg), f"idpyoidc-{alg}.jwt"
        told = {"jwks": jwks(key), "request_object_signing_alg": alg, "request_uris": [f"{SHELF}/{file}"]}
        party = Party(key, **told)
        for kind in ("request", "request_uri"):
            # It writes the object to a file and leaves publishing to its user.
            with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
                party.sign_in(behaviour={"request_param": kind}, before=lambda: publish_file(file))
        yield f"request objects signed by {alg}, by value and by reference"


def publish_file(name):
    if os.path.exists(name):
        with open(name, encoding="ascii") as file:
            publish(f"/{name}", "application/oauth-authz-req+jwt", file.read())


def meddling():
    party = Party()
    for exchanged, error in (("code", CHashError), ("access_token", AtHashError)):
        try:
            party.sign_in("code id_token token", opened=lambda answer: answer | {exchanged: "another"})
        except error:
            continue
        raise AssertionError(f"an exchanged {exchanged} was not noticed")
    yield "it notices an exchanged code and access token"


def the_rest():
    party = Party(post_logout_redirect_uris=[SIGNED_OUT])
    read = party.client.do_request("registration_read", authn_method="client_secret_basic")
    assert read["client_id"] == party.registered["client_id"], read
    yield "the registration is read with its token"

    _, done = party.sign_in()
    everybody = done["id_token"]["sub"]
    parameters = party.client.logout(done["state"], SIGNED_OUT)
    url, _ = BROWSER.authorize(parameters["url"], SIGNED_OUT)
    assert f"state={parameters['request']['state']}" in url, url
    yield "RP-initiated logout"

    party = Party(by_hand=True, response_types=["code"], grant_types=["authorization_code", "refresh_token"])
    _, done = party.sign_in(scope=["openid", "email", "offline_access"])
    new = party.client.refresh_access_token(done["state"])
    assert new["access_token"] != done["token"], new
    person = party.client.get_user_info(done["state"], new["access_token"])
    assert person["sub"] == done["id_token"]["sub"], person
    yield "refresh"

    asked = {"token": new["access_token"]}
    assert party.client.do_request("introspection", request_args=asked)["active"], "not active"
    with contextlib.suppress(ResponseError):  # it wants a body, which RFC 7009 §2.2 gives no content
        party.client.do_request("token_revocation", request_args=asked)
    assert not party.client.do_request("introspection", request_args=asked)["active"], "still active"
    yield "introspection and revocation"

    _, done = Party(subject_type="pairwise").sign_in()
    assert done["id_token"]["sub"] != everybody, done["id_token"]
    yield "a pairwise subject"


def main():
    logging.disable(logging.CRITICAL)
    warnings.simplefilter(
        "ignore"
    )  # cryptojwt fetches keys from localhost without a check of the certificate, and urllib3 minds
    return run(response_types(), methods(), signatures(), request_objects(), meddling(), the_rest(), encryption())


if __name__ == "__main__":
    sys.exit(main())
