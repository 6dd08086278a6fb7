"""Resolve hosts to IP addresses. Addresses of this machine and of private networks are not allowed by default."""

from __future__ import annotations

import ipaddress
import socket

from transforms.imaging.errors import Kind
from transforms.web.errors import FetchError

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def addresses_of(host: str, port: int, allow_private: bool) -> list[str]:
    """Return the allowed addresses of a host, in the order in which to try them.

    Connect to one of these addresses instead of the name, which may resolve to another address a moment later.

    Raises:
        FetchError: the name has no address, or no allowed address.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "the name is malformed"
        tries = 1 if getattr(error, "errno", None) == socket.EAI_AGAIN else 0
        raise FetchError(Kind.UNREADABLE, f"the host {host!r} was not found: {reason}", tries) from error
    addresses = list(dict.fromkeys(str(address[4][0]) for address in found))
    allowed = addresses if allow_private else [address for address in addresses if is_public(address)]
    if not allowed:
        raise FetchError(
            Kind.REFUSED,
            f"the host {host!r} is {addresses[0]}, an address of this machine or of a private network: use "
            "--allow_private_hosts and --retry_failed to allow it",
        )
    return allowed


def is_public(address: str) -> bool:
    """Return whether an address belongs to the public internet and not to this machine."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:  # the address has a zone, which only link-local addresses have
        return False
    return all(map(_is_global, {ip, *_embedded(ip)})) and not _is_own(ip)


def _is_global(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    is_of_site = isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or is_of_site)


def _embedded(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the IPv4 addresses that are embedded in an IPv6 address."""
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    inner = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        inner.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [address for address in inner if address is not None]


def _is_own(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Return whether this machine has the address. If so, it is also the source address of a packet sent to it."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(ip), 9))  # sends nothing
            return bool(probe.getsockname()[0] == str(ip))
    except OSError:  # there is no route to the address
        return False
