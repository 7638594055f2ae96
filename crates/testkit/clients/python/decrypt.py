"""joserfc against `jwt::encrypt`: the same as ../javascript/decrypt.mjs."""

import json
import sys

from joserfc import jwe, jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

KEYS = {
    "RSA": ("RSA-OAEP-256", RSAKey.generate_key(2048)),
    "P-256": ("ECDH-ES", ECKey.generate_key("P-256")),
    "P-384": ("ECDH-ES", ECKey.generate_key("P-384")),
    "P-521": ("ECDH-ES", ECKey.generate_key("P-521")),
    "X25519": ("ECDH-ES", OKPKey.generate_key("X25519")),
}


def main():
    published = [key.as_dict(private=False, kid=kid, use="enc", alg=alg) for kid, (alg, key) in KEYS.items()]
    print(json.dumps({"keys": published}), flush=True)

    given = json.loads(sys.stdin.readline())
    signers = KeySet.import_key_set(given["signers"])
    names = [key["alg"] for key in given["signers"]["keys"]]
    for one in given["tokens"]:
        _, key = KEYS[one["kid"]]
        opened = jwe.decrypt_compact(one["token"], key, algorithms=[one["alg"], one["enc"]])
        header = opened.headers()
        assert (header["kid"], header.get("cty")) == (one["kid"], one.get("cty")), header
        inner = opened.plaintext
        claims = jwt.decode(inner, signers, algorithms=names).claims if one.get("cty") else json.loads(inner)
        assert claims == given["claims"], claims
        print(f"ok {one['name']}")


main()
