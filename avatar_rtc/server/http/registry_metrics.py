"""What a monitor reads of this server's part in a registry of several."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from avatar_rtc.server.registry.member import RegistryMember

_PREFIX = "avatar_rtc_registry"


class RegistryCollector(Collector):
    """Reads the member whenever it is asked; called on its event loop."""

    def __init__(self, registry: RegistryMember) -> None:
        self._registry = registry

    def describe(self) -> Iterable[Metric]:
        """Nothing before it is asked."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """All there is to tell."""
        told = self._registry
        for name, what, value in (
            ("up", "1 if the registry of the servers can be reached.", not told.is_away),
            ("servers", "Servers at the last heartbeat.", told.servers),
            ("avatars", "Avatars here that other servers know of.", len(told.shared)),
        ):
            yield GaugeMetricFamily(f"{_PREFIX}_{name}", what, value=float(value))
        for name, what, count in (
            ("redirected", "Callers who were sent to another server.", told.redirected),
            ("adopted", "Avatars taken over from lost servers.", told.adopted),
            ("given_up", "Avatars that another server has now.", told.given_up),
            ("failed", "Times that the registry did not answer.", told.failures),
        ):
            yield CounterMetricFamily(f"{_PREFIX}_{name}", what, value=float(count))
