"""Many clients while the files are appended to, cut off, replaced and damaged: always an answer."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tensorboard.data.provider import TensorDatum

from tb_activation_hist.core.histogram import HistogramSeries
from tb_activation_hist.core.names import PLUGIN_NAME, LayerInfo
from tb_activation_hist.storage.codec import BLOCK_RECORDS, encode_block
from tests.golden.test_tiles import unpack
from tests.plugin.fake_provider import FakeDataProvider
from tests.plugin.logdirs import healthy_values, later
from tests.plugin.site import Site, wait_for_findings
from tests.series import values_to_series

CLIENTS = 8
REQUESTS = 25
"""Of each client."""

LAYERS = [LayerInfo(f"conv{i}", order=i) for i in range(3)]
RUNS = ("one", "two")
PATIENCE_S = 300


def part_of(ordinal: int) -> HistogramSeries:
    """The block of records that begins at an ordinal."""
    values = healthy_values(BLOCK_RECORDS, 60, seed=ordinal)
    return later(values_to_series(values), ordinal, float(ordinal))


PARTS = [part_of(BLOCK_RECORDS * i) for i in range(6)]


class Writer:
    """Changes the files of one log directory at random, as trainings and their users do."""

    def __init__(self, seed: int) -> None:
        self.data = FakeDataProvider()
        self._random = random.Random(seed)
        self._session = 0
        for run in RUNS:
            for info in LAYERS:
                self.rewrite(run, info)

    def rewrite(self, run: str, info: LayerInfo, blocks: int = 2) -> None:
        """Another training in the same directory, in place of the one before."""
        self._session += 1
        fresh = FakeDataProvider()
        for i in range(blocks):
            self._append(fresh, run, info, i)
        datums = self.data.datums(PLUGIN_NAME, run, info.tag, info.to_content())
        datums[:] = fresh.datums(PLUGIN_NAME, run, info.tag)

    def _append(self, data: FakeDataProvider, run: str, info: LayerInfo, i: int) -> None:
        # No two trainings write at the same time.
        part = later(PARTS[i], 0, 1000.0 * self._session)
        data.add_block(run, info, encode_block(part, self._session, BLOCK_RECORDS * i), part)

    def change(self) -> None:
        run, info = self._random.choice(RUNS), self._random.choice(LAYERS)
        datums = self.data.datums(PLUGIN_NAME, run, info.tag)
        action = self._random.choice(["append", "append", "cut", "rewrite", "damage"])
        if action == "append" and len(datums) < len(PARTS):
            self._append(self.data, run, info, len(datums))
        elif action == "cut":
            del datums[max(len(datums) // 2, 1) :]
        elif action == "damage":
            at = self._random.randrange(len(datums))
            data = bytearray(datums[at].numpy.item())
            data[self._random.randrange(len(data))] ^= 0x55
            text = np.array(bytes(data), dtype=object)
            datums[at] = TensorDatum(datums[at].step, datums[at].wall_time, text)
        else:
            self.rewrite(run, info)


def ask_anything(client: Site, rng: random.Random) -> None:
    """One request of any kind; what cannot be answered is a sentence, and no failure of ours."""
    run, tag = rng.choice(RUNS), rng.choice(LAYERS).tag
    tile = {"run": run, "tag": tag, "columns": rng.choice([4, 50, 500])}
    kind = rng.choice(
        ["tiles", "tiles", "tiles", "index", "findings", "profile", "export", "sweep"]
    )
    if kind == "tiles":
        more = rng.choice(
            [{}, {"since": rng.randrange(200)}, {"steps": [10, rng.randrange(11, 90)]}]
        )
        answer = client.ask("POST", "/tiles", json={"tiles": [tile | more]})
        assert answer.status_code == 200, answer.text
        found = unpack(answer.data)
        assert all(each["status"] == 422 and each["error"] for each in found if "error" in each)
        return
    query = {
        "index": {"known": "an older one"},
        "findings": {"runs": list(RUNS)},
        "profile": {"run": run, "kind": "activations"},
        "export": {"run": run, "tag": tag, "format": "csv"},
    }.get(kind, {})
    answer = client.get(f"/{kind}", **query)
    assert answer.status_code in (200, 404, 422), answer.text
    assert answer.data


@pytest.mark.parametrize("seed", [0, 1])
def test_every_client_is_answered_while_files_change(seed: int) -> None:
    writer = Writer(seed)
    client = Site(writer.data)
    done = threading.Event()

    def change_files() -> None:
        while not done.wait(0.002):
            writer.change()

    def ask_all(number: int) -> None:
        rng = random.Random(100 * seed + number)
        for _ in range(REQUESTS):
            ask_anything(client, rng)

    changing = threading.Thread(target=change_files)
    changing.start()
    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(ask_all, number) for number in range(CLIENTS)]
        try:
            for each in asked:
                each.result(timeout=PATIENCE_S)
        finally:
            done.set()
            changing.join()
    # What is there in the end is shown, and nothing of what was there meanwhile.
    for run in RUNS:
        for info in LAYERS:
            writer.rewrite(run, info, blocks=3)
    client.get("/index", known="an older one")
    wait_for_findings(client, *RUNS)
    for run in RUNS:
        for tile in client.tiles(*({"run": run, "tag": info.tag} for info in LAYERS)):
            assert (tile["records"], tile["missing"]) == (3 * BLOCK_RECORDS, 0)
            assert tile["arrays"]["n"].sum() == 60 * 3 * BLOCK_RECORDS
