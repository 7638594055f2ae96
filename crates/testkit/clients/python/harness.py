"""What the clients in Python share: parameters, `ok` lines, a browser, keys, a place to publish them. No protocol."""

import json
import os
import sys
import traceback
from functools import cache
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from joserfc.jwk import ECKey, OKPKey, RSAKey

MOST_STEPS = 12
GIVEN = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}

# Every algorithm that the server signs with, and accepts of clients.
SIGNING = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
# Every way to encrypt to a client: `alg`, the curve of its key, `enc`.
ENCRYPTION = [
    (alg, crv, enc)
    for alg, crv in (("RSA-OAEP-256", None), ("ECDH-ES", "P-256"), ("ECDH-ES", "X25519"))
    for enc in ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")
]


def parameter(name, fallback=None):
    """A parameter from the JSON argument or the environment; without a fallback it must be there."""
    value = GIVEN.get(name, os.environ.get(name, fallback))
    if value is None:
        raise SystemExit(f"parameter {name} is missing")
    return value


def run(*steps):
    """Runs generators that yield the name of each thing that held; gives the exit code."""
    passed = 0
    try:
        for step in steps:
            for name in step:
                passed += 1
                print(f"ok {name}", flush=True)
    except Exception:
        traceback.print_exc()
        print(f"{passed} passed, 1 failed")
        return 1
    print(f"{passed} passed, 0 failed")
    return 0


def metadata():
    document = requests.get(f"{parameter('ISSUER')}/.well-known/openid-configuration", timeout=30).json()
    assert document["issuer"] == parameter("ISSUER"), document["issuer"]
    return document


def publish(path, media_type, document):
    """Lays a document where the server can fetch it; gives the address."""
    url = parameter("SHELF") + path
    body = document if isinstance(document, str) else json.dumps(document)
    requests.put(url, data=body.encode(), headers={"Content-Type": media_type}, timeout=30).raise_for_status()
    return url


@cache
def pair(alg, crv=None):
    """A key of a client, made once: RSA keys are dear, and no client minds another's."""
    crv = crv or {"ES256": "P-256", "ES384": "P-384", "EdDSA": "Ed25519"}.get(alg)
    told = {"kid": f"{alg}-{crv}", "use": "enc" if alg in ("RSA-OAEP-256", "ECDH-ES") else "sig", "alg": alg}
    if crv is None:
        return RSAKey.generate_key(2048, told)
    return (OKPKey if crv in ("Ed25519", "X25519") else ECKey).generate_key(crv, told)


def jwks(*keys):
    return {"keys": [key.as_dict(private=False) for key in keys]}


class Forms(HTMLParser):
    """The forms of a page: where they go, what they hold, which ids their elements have."""

    def __init__(self, html):
        super().__init__()
        self.forms = []
        self._open = None
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        element = dict(attrs)
        if tag == "form":
            self._open = {"action": element.get("action") or "", "fields": {}, "ids": {}}
            self.forms.append(self._open)
        elif tag in ("input", "button") and self._open is not None:
            if "id" in element:
                self._open["ids"][element["id"]] = element
            if tag == "input" and element.get("name") and element.get("type") != "checkbox":
                self._open["fields"][element["name"]] = element.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None


class Browser:
    """A cookie jar that does what a willing person does on the pages of the issuer."""

    def __init__(self):
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"

    def authorize(self, url, redirect_uri):
        """Opens `url`; gives the URL by which the browser comes back to the client, and the form it posts there."""
        method, data = "GET", None
        for _ in range(MOST_STEPS):
            if url.split("?")[0].split("#")[0] == redirect_uri:
                return url, data
            response = self.session.request(method, url, data=data, allow_redirects=False, timeout=30)
            if response.is_redirect:
                method, data, url = "GET", None, urljoin(url, response.headers["Location"])
                continue
            method, (url, data) = "POST", self.answer(url, response, redirect_uri)
        raise AssertionError(f"no answer after {MOST_STEPS} steps")

    def answered(self, url, redirect_uri, mode):
        """The parameters of the answer, which must come in this response mode."""
        url, form = self.authorize(url, redirect_uri)
        parts = urlsplit(url)
        came = "form_post" if form is not None else "fragment" if parts.fragment else "query"
        assert came == mode, f"{came} instead of {mode}"
        return form if form is not None else dict(parse_qsl(parts.fragment or parts.query))

    @staticmethod
    def answer(url, response, redirect_uri):
        """The form that a willing person sends from this page."""
        for form in Forms(response.text).forms:
            if form["action"] == redirect_uri:
                return redirect_uri, form["fields"]
            for button in ("login-submit", "consent-allow", "logout-yes"):
                if button not in form["ids"]:
                    continue
                fields = form["fields"]
                if button == "login-submit":
                    fields |= {"username": parameter("USERNAME"), "password": parameter("PASSWORD")}
                if name := form["ids"][button].get("name"):
                    fields[name] = form["ids"][button].get("value") or ""
                return urljoin(url, form["action"]), fields
        raise AssertionError(f"the way ended at {url} (status {response.status_code})")
