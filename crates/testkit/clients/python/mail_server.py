"""A mail server for tests: takes mail by SMTP, in the clear, with STARTTLS or with TLS, and tells what it took, a JSON line each.

Ends with its standard input. The messages are read by the parser of Python's standard library, which is none of ours.
"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes
from email.policy import default

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, syntax

GIVEN = json.loads(sys.argv[1])


def say(**line):
    print(json.dumps(line), flush=True)


def encrypted(session):
    """The library remembers only what STARTTLS did."""
    return GIVEN["security"] == "tls" or session.ssl is not None


def body(message, kind):
    part = message.get_body(preferencelist=(kind,))
    return part.get_content() if part is not None else None


class Box:
    """What happens is told as it happens."""

    async def handle_MAIL(self, server, session, envelope, address, options):
        say(event="mail", tls=encrypted(session))
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if code := GIVEN.get("refuse"):
            return f"{code} {address} is not wanted"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=default)
        say(
            event="message",
            tls=encrypted(session),
            user=session.auth_data,
            sender=envelope.mail_from,
            recipients=envelope.rcpt_tos,
            headers=[[name, str(value)] for name, value in message.items()],
            defects=[type(defect).__name__ for part in message.walk() for defect in part.defects],
            text=body(message, "plain"),
            html=body(message, "html"),
            raw=envelope.content.decode("utf-8", "replace"),
        )
        return "250 OK"


class Failing(SMTP):
    """Offers STARTTLS and cannot do it."""

    @syntax("STARTTLS")
    async def smtp_STARTTLS(self, arg):
        say(event="starttls")
        await self.push("454 TLS not available due to temporary reason")


def authenticate(server, session, envelope, mechanism, data):
    say(event="auth", tls=encrypted(session))
    if not isinstance(data, LoginPassword):
        return AuthResult(success=False, handled=False)
    user, password = data.login.decode(), data.password.decode()
    return AuthResult(success=GIVEN["users"].get(user) == password, handled=False, auth_data=user)


async def main():
    context = None
    if GIVEN.get("certificate"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(GIVEN["certificate"], GIVEN["key"])
    security, users = GIVEN["security"], GIVEN.get("users")
    kind = Failing if security == "failing" else SMTP
    options = {"hostname": "mail.test", "data_size_limit": 1 << 20}
    if security in ("starttls", "failing"):
        options |= {"tls_context": context, "require_starttls": security == "starttls"}
    if users:
        options |= {"authenticator": authenticate, "auth_required": True, "auth_require_tls": security == "starttls"}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: kind(Box(), **options),
        host="127.0.0.1",
        port=GIVEN.get("port", 0),
        ssl=context if security == "tls" else None,
    )
    say(event="listening", port=server.sockets[0].getsockname()[1])
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
