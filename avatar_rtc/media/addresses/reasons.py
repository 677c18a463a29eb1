"""Why a STUN or TURN server gave no address, in words for who runs both: what it may be, and what to do."""

import socket
import ssl

from aioice.stun import TransactionFailed, TransactionTimeout

from avatar_rtc.media.addresses.ice import IceServer

_CODES = {
    400: "it takes the request for broken; is a proxy or something else at this port?",
    401: "it refuses our credential. Either turn.secret is not its static-auth-secret, or the clocks of both "
    "machines differ; write its settings with `avatar-rtc turn`, and run NTP on both",
    403: "it forbids relays to us; see its allowed and denied addresses",
    437: "it mixes this relay up with another; is it behind a load balancer?",
    442: "it relays no UDP; leave no-udp-relay out of its settings",
    486: "its quota is reached; see user-quota and total-quota in its settings",
    508: "it has no port left for another relay; see min-port and max-port in its settings",
}


def reason_of(error: BaseException, server: IceServer) -> str:
    """The likely reason of what was raised when this server was asked, and the fix."""
    port = f"{'TCP' if server.transport == 'tcp' else 'UDP'} {server.port}"
    match error:
        case TransactionFailed():
            code, said = error.response.attributes.get("ERROR-CODE", (0, ""))
            return f"{_CODES.get(code, f'it refuses: {said}')} ({code})"
        case TransactionTimeout() | TimeoutError():
            return f"it does not answer at {port}. Does it run there, and does no firewall stop that?"
        case ConnectionRefusedError():
            return f"nothing listens at {port}. Does it run there, and on this port?"
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({error.verify_message}); wanted is one for {server.host}, "
                "with those that vouch for it, of an authority that this machine knows"
            )
        case ssl.SSLError():
            return f"it speaks no TLS at {port} ({error.reason or error}); see its tls-listening-port"
        case socket.gaierror():
            return f"the name {server.host} has no address; see turn.urls, stun_urls, or the name server"
        case OSError():
            return f"{error.strerror or error}; is there a way to it from here, at {port}?"
    return f"{error or type(error).__name__}"
