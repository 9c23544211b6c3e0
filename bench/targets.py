"""The targets, and whether they were reached: one function for each kind of target."""

from dataclasses import dataclass
from typing import Final, Literal

from bench.series import Series

Unit = Literal["s", "/min"]
_SHARE: Final = 0.05
_ALLOWANCE: Final = 0.06


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table: ours, a peer, and how they compare."""

    work: str
    ours: Series
    peer_name: str
    peer: Series
    unit: Unit = "s"
    compared: str
    target: str
    reached: bool


def at_least_as_fast(
    work: str, ours: Series, peer_name: str, peer: Series, *, times: float
) -> Row:
    """Return a row whose target is that the peer takes at least `times` as long."""
    ratio = peer.median / ours.median
    return Row(
        work=work,
        ours=ours,
        peer_name=peer_name,
        peer=peer,
        compared=f"{ratio:.1f}x",
        target=f"≥ {times:g}x",
        reached=ratio >= times,
    )


def at_least_as_many(
    work: str, ours: Series, peer_name: str, peer: Series, *, times: float
) -> Row:
    """Return a row whose target is `times` as many runs a minute as the peer."""
    ratio = ours.median / peer.median
    return Row(
        work=work,
        ours=ours,
        peer_name=peer_name,
        peer=peer,
        unit="/min",
        compared=f"{ratio:.1f}x",
        target=f"≥ {times:g}x",
        reached=ratio >= times,
    )


def at_most(
    work: str, ours: Series, peer_name: str, peer: Series, *, seconds: float
) -> Row:
    """Return a row whose target is a median of at most so many seconds.

    The peer shows what is possible.
    """
    return Row(
        work=work,
        ours=ours,
        peer_name=peer_name,
        peer=peer,
        compared=f"{ours.median / peer.median:.1f}x the peer",
        target=f"≤ {seconds * 1000:g} ms",
        reached=ours.median <= seconds,
    )


def little_on_top(work: str, ours: Series, peer_name: str, peer: Series) -> Row:
    """Return a row whose target is a small addition to the peer's median.

    We may add 5 % of it, or 60 ms if that is more.
    """
    added = ours.median - peer.median
    allowed = max(_SHARE * peer.median, _ALLOWANCE)
    return Row(
        work=work,
        ours=ours,
        peer_name=peer_name,
        peer=peer,
        compared=f"{added * 1000:+.0f} ms ({added / peer.median:+.0%})",
        target=f"≤ {allowed * 1000:.0f} ms",
        reached=added <= allowed,
    )
