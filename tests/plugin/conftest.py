"""A site with one run whose values become NaN."""

from __future__ import annotations

import pytest

from tb_activation_hist.core.names import LayerInfo
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import broken_values
from tests.plugin.site import Site
from tests.series import values_to_series


@pytest.fixture
def data() -> FakeDataProvider:
    data = FakeDataProvider()
    data.add_series("run", LayerInfo("conv1"), values_to_series(broken_values(50, 200)))
    data.add_scalar("run", "loss", {1: 2.0, 0: 1.0, 2: float("nan"), 3: float("inf")})
    data.add_histogram("run", "w", 3, [[0, 1, 5], [1, 2, 7]])
    return data


@pytest.fixture
def client(data: FakeDataProvider) -> Site:
    return Site(data)
