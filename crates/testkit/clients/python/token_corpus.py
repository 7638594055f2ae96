"""Authlib as the validator of an API: the same as ../javascript/token-corpus.mjs.

`JWTBearerTokenValidator.authenticate_token` has no place for algorithms and leeway, so its two steps are done here with both:
the signature by joserfc, which Authlib stands on, and the claims by Authlib.
"""

import json
import sys
import warnings

from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc import jwt
from joserfc.jwk import KeySet


def main():
    warnings.simplefilter("ignore")  # about weak keys; the verdict is what counts
    given = json.load(sys.stdin)
    verdicts = {}
    for one in given["tokens"]:
        try:
            validate(one["token"], given["sets"][one["set"]], given)
            verdicts[one["name"]] = None
        except Exception as error:  # whatever ends it is a refusal
            verdicts[one["name"]] = f"{type(error).__name__}: {error}"
    print(json.dumps(verdicts))


def validate(token, key_set, given):
    keys = KeySet.import_key_set(key_set)
    opened = jwt.decode(token, keys, algorithms=given["algorithms"])
    options = {name: {"essential": True} for name in given["required"]}
    options["iss"]["value"] = given["issuer"]
    options["aud"]["value"] = given["audience"]
    claims = JWTAccessTokenClaims(opened.claims, opened.header, options)
    claims.validate(now=given["now"], leeway=given["leeway"])


main()
