"""What is in sight and at hand: the toolbar that folds, Esc and Back, names and targets, access."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.access import assert_accessible
from tests.browser.conftest import BAD, GOOD, LAYERS, STRICT, new_page
from tests.browser.tab import Tab, open_frame, open_tab
from tests.plugin.logdirs import START, collapsing_values, healthy_values, write_run
from tests.plugin.tensorboard_process import TensorBoard, running_tensorboard

KINDS = ("activations", "gradients", "weights")
RUNS = [f"lr={lr}/seed={seed}" for lr in (0.1, 1) for seed in range(4)]

TOO_SMALL = """least => {
  const all = document.querySelectorAll(
    'button, a[href], input, select, summary, [role=slider], [role=option], [tabindex="0"]');
  return [...all].flatMap(element => {
    const box = element.matches('input[type=checkbox]') ? element.closest('label') : element;
    const { width, height } = box.getBoundingClientRect();
    // What is not drawn is no target. The thin lines of an overview have the palette.
    if (width * height === 0 || getComputedStyle(box).visibility === 'hidden') return [];
    if (element.closest('.name-cell.short, .row.group, .panel.strip')) return [];
    return Math.min(width, height) < least - 0.1
      ? [`${element.tagName} ${element.className} ${width} x ${height}`] : [];
  });
}"""

NAMES = """() => [...document.querySelectorAll('main button, main [role=slider], main a[href]')]
  .filter(element => element.getBoundingClientRect().width > 0)
  .map(element => element.getAttribute('aria-label') ?? element.textContent.trim())"""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Two runs of three kinds, of which one collapses."""
    folder = tmp_path_factory.mktemp("kinds")
    for kind in KINDS:
        for run in (GOOD, BAD):
            values = {name: healthy_values(60, 300, seed=at) for at, name in enumerate(LAYERS)}
            if run == BAD:
                values["layer2"] = collapsing_values(60, 300)
            write_run(folder / "logs", run, values, kind=kind, suffix=f".{kind}")
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2 * len(KINDS) * len(LAYERS))
        yield server


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TensorBoard]:
    """Eight runs of two layers, of which one is unlike the others."""
    folder = tmp_path_factory.mktemp("sweep")
    for at, run in enumerate(RUNS):
        layers = {name: healthy_values(40, 300, seed=at) for name in LAYERS[:2]}
        if at == 5:
            layers["layer1"] = [7 + values for values in layers["layer1"]]
        write_run(folder / "logs", run, layers)
    with running_tensorboard(folder, f"--logdir={folder / 'logs'}", env=STRICT) as server:
        server.wait_for_series(2 * len(RUNS))
        yield server


@pytest.fixture(scope="module")
def live(browser: Browser, kinds: TensorBoard) -> Iterator[Tab]:
    page = new_page(browser, 1440, 900)
    # A minute after the last record, so that the training counts as going on.
    page.add_init_script(f"Date.now = () => {1000 * (START + 120)} + performance.now() / 100")
    yield open_tab(page, kinds.root)
    page.context.close()


def overflow(tab: Tab) -> float:
    """How far parts of the toolbar lie beyond its right end."""
    return float(
        tab.frame.evaluate(
            "() => { const bar = document.querySelector('.toolbar');"
            " return bar.scrollWidth - bar.clientWidth; }"
        )
    )


@pytest.mark.parametrize("width", [1920, 1440, 1280, 1024, 800, 640, 390])
def test_the_toolbar_folds_by_what_does_not_fit(live: Tab, width: int) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30")
    live.page.set_viewport_size({"width": width, "height": 900})
    bar = live.frame.get_by_role("toolbar")
    live.until(lambda: overflow(live), lambda over: over <= 0)
    # The way back keeps its words, however little room there is.
    assert bar.get_by_role("button", name="Reset zoom").get_by_text("Reset zoom").is_visible()
    kinds = bar.get_by_role("group", name="Kind")
    if width >= 1440:
        assert not bar.get_by_title("More choices").is_visible()
        assert kinds.get_by_role("button").all_inner_texts() == [
            "Activations",
            "Gradients",
            "Weights",
        ]
        assert bar.get_by_label("Sort").is_visible()
        assert bar.get_by_role("button", name="Compare").is_visible()
        assert live.frame.locator(".axis-choices select").count() == 4
    elif not bar.get_by_label("Sort").is_visible():
        bar.get_by_title("More choices").click()
        menu = live.frame.get_by_role("dialog", name="More choices")
        menu.get_by_label("Kind").select_option("gradients")
        live.until(live.hash, lambda hash_: "kind=gradients" in hash_)
        menu.get_by_label("Sort layers").select_option("name")
        live.page.keyboard.press("Escape")
    live.page.set_viewport_size({"width": 1440, "height": 900})


def test_kinds_sort_and_compare_are_one_click_away(live: Tab) -> None:
    live.reset()
    bar = live.frame.get_by_role("toolbar")
    bar.get_by_role("button", name="Weights").click()
    live.until(live.hash, lambda hash_: "kind=weights" in hash_)
    live.wait_drawn()
    bar.get_by_role("button", name="Activations").click()
    live.until(live.hash, lambda hash_: "kind=activations" in hash_)
    bar.get_by_label("Sort").select_option("difference")
    names = live.frame.locator(".layer-name")
    live.until(names.all_text_contents, lambda shown: shown[0] == "layer2")
    bar.get_by_role("button", name="Compare").click()
    live.frame.get_by_label("Show differences to the baseline").check()
    live.until(live.hash, lambda hash_: "difference=1" in hash_)
    head = live.frame.locator(".run-name").last
    live.until(head.inner_text, lambda text: "difference to the baseline" in text)
    live.page.keyboard.press("Escape")


def test_escape_closes_the_topmost_thing_only(live: Tab) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30&p.activation_hist.full=activations/conv1")
    live.frame.get_by_role("button", name="More settings").click()
    pane = live.frame.get_by_role("complementary", name="Settings")
    # Also from a field in it.
    pane.get_by_label("Value range").focus()
    live.frame.get_by_role("button", name="Runs").click()
    menu = live.frame.locator(".menu:popover-open")
    assert menu.count() == 1
    live.page.keyboard.press("Escape")
    live.until(menu.count, lambda count: count == 0)
    assert pane.is_visible()
    live.page.keyboard.press("Control+k")
    palette = live.frame.locator("dialog.palette[open]")
    palette.wait_for()
    live.page.keyboard.press("Escape")
    palette.wait_for(state="detached")
    assert pane.is_visible()
    pane.get_by_label("Value range").focus()
    live.page.keyboard.press("Escape")
    pane.wait_for(state="detached")
    names = live.frame.locator(".layer-name")
    assert names.all_text_contents() == ["conv1"]
    live.page.keyboard.press("Escape")
    live.until(names.all_text_contents, lambda shown: shown == list(LAYERS))
    assert "zoomX=~10,30" in live.hash()
    live.page.keyboard.press("Escape")
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)


def test_back_of_the_browser_undoes_a_zoom_and_nothing_else(
    browser: Browser, kinds: TensorBoard
) -> None:
    # A page of its own: the history of others begins elsewhere.
    live = open_tab(new_page(browser, 1440, 900), kinds.root)
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.until(live.hash, lambda hash_: "zoomX=~15,30" in hash_)
    live.choose("Values", "linear")
    live.until(live.hash, lambda hash_: "valueScale=linear" in hash_)
    live.page.go_back()
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    live.until(live.hash, lambda hash_: "valueScale=linear" in hash_)
    assert live.frame.get_by_title("Back to the zoom before").count() == 0
    # Z goes the same way back, so that Back of the browser does not go there again.
    length = live.page.evaluate("history.length")
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.until(live.hash, lambda hash_: "zoomX=~15,30" in hash_)
    live.page.keyboard.press("z")
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    assert live.page.evaluate("history.length") <= length + 1
    live.page.context.close()


def test_a_training_that_goes_on_is_called_live_also_while_zoomed(live: Tab) -> None:
    live.reset()
    live.frame.get_by_text("live", exact=True).wait_for()
    live.drag(live.point(GOOD, "conv1", 0.25, 0.5), live.point(GOOD, "conv1", 0.5, 0.5))
    live.frame.get_by_role("button", name="live, not followed").click()
    live.until(live.hash, lambda hash_: "zoomX" not in hash_)
    live.frame.get_by_text("live", exact=True).wait_for()


def test_without_a_pin_the_slice_shows_the_last_step_in_sight(live: Tab) -> None:
    live.reset("&p.activation_hist.zoomX=~10,30")
    title = live.frame.locator(".slice-title").first
    live.until(title.inner_text, lambda text: text == "step 29")
    live.frame.locator("main").focus()
    live.page.keyboard.press("ArrowLeft")
    live.until(title.inner_text, lambda text: text == "step 28")
    live.reset()
    live.until(title.inner_text, lambda text: text == "step 59")


def test_a_click_on_a_name_enlarges_the_layer(live: Tab) -> None:
    live.reset()
    names = live.frame.locator(".layer-name")
    names.nth(1).click()
    live.until(names.all_text_contents, lambda shown: shown == ["layer1"])
    names.first.click()
    live.until(names.all_text_contents, lambda shown: shown == list(LAYERS))
    live.frame.get_by_role("button", name="Close layer1 to a strip").click()
    live.until(live.frame.locator(".panel.strip").count, lambda count: count == 2)
    names.nth(1).click()
    live.until(live.frame.locator(".panel.strip").count, lambda count: count == 0)


def test_settings_are_reset_one_by_one_and_together(live: Tab) -> None:
    live.reset("&p.activation_hist.colormap=magma&p.activation_hist.density=large")
    live.frame.get_by_role("button", name="More settings").click()
    live.frame.get_by_role("button", name="Reset colour map").click()
    live.until(live.hash, lambda hash_: "colormap" not in hash_ and "density=large" in hash_)
    together = live.frame.get_by_role("button", name="Reset settings")
    together.click()
    live.until(live.hash, lambda hash_: "density" not in hash_)
    assert together.is_disabled()
    live.frame.get_by_role("button", name="Close the settings").click()


def test_layers_are_headings_and_controls_have_names_of_their_own(live: Tab) -> None:
    live.reset()
    headings = live.frame.get_by_role("heading", level=2)
    assert headings.all_inner_texts() == list(LAYERS)
    live.frame.get_by_role("button", name="Save or copy layer1").wait_for()
    names = live.until(lambda: live.frame.evaluate(NAMES), lambda found: len(found) > 20)
    assert sorted(names) == sorted(set(names))


STATES = {
    "panels": "",
    "differences": "&p.activation_hist.difference=1&p.activation_hist.strip=change",
    "zoomed": "&p.activation_hist.zoomX=~10,30",
    "overview": "&p.activation_hist.layout=strips",
    "runs as rows": "&p.activation_hist.transposed=1",
    "enlarged": "&p.activation_hist.full=activations/layer2",
    "board": "&p.activation_hist.view=board",
    "depth": "&p.activation_hist.view=depth",
}


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_view_is_without_a_fault_of_access(
    open_page: Callable[..., Page], kinds: TensorBoard, width: int, dark: bool
) -> None:
    tab = open_frame(open_page(width, 860), kinds.root, dark=dark)
    for name, ours in STATES.items():
        tab.set_hash(ours)
        tab.frame.locator(".panel, .board, .depth").first.wait_for()
        tab.page.wait_for_timeout(600)
        assert_accessible(tab)
        assert tab.frame.evaluate(TOO_SMALL, 24) == [], name
    assert tab.problems == []


@pytest.mark.parametrize("width", [1440, 390])
def test_every_menu_is_without_a_fault_of_access(
    open_page: Callable[..., Page], kinds: TensorBoard, width: int
) -> None:
    tab = open_tab(open_page(width, 860), kinds.root)
    for title in (
        "Choose which runs are shown side by side",
        "What looks wrong, worst first",
        "Compare the runs with one of them",
        "More choices",
        "Save or copy this layer",
    ):
        button = tab.frame.get_by_title(title).first
        if not button.is_visible():
            continue
        button.click()
        tab.frame.locator(".menu:popover-open > *").first.wait_for()
        tab.page.wait_for_timeout(300)
        assert_accessible(tab)
        assert tab.frame.evaluate(TOO_SMALL, 24) == [], title
        tab.page.keyboard.press("Escape")
    tab.frame.get_by_role("button", name="More settings").click()
    tab.frame.get_by_role("complementary", name="Settings").wait_for()
    assert_accessible(tab)
    assert tab.frame.evaluate(TOO_SMALL, 24) == []


def test_three_layers_are_seen_at_twice_the_size(
    open_page: Callable[..., Page], two_runs: TensorBoard
) -> None:
    # 1440 x 900 at 200 %.
    tab = open_tab(open_page(720, 450), two_runs.root)
    tab.page.wait_for_timeout(500)
    heat = tab.frame.locator(f"{tab.panel(GOOD, LAYERS[2])} .heat").bounding_box()
    assert heat is not None and heat["y"] + heat["height"] <= 450 and heat["height"] >= 20
    assert overflow(tab) <= 0


def test_few_layers_fill_the_overview_and_leave_no_empty_column(
    open_page: Callable[..., Page], two_runs: TensorBoard, many_layers: TensorBoard
) -> None:
    tab = open_tab(open_page(1440, 900), two_runs.root, "&p.activation_hist.layout=strips")
    strip = tab.frame.locator(".panel.strip").first.bounding_box()
    last = tab.frame.locator(".panel.strip").last.bounding_box()
    assert strip is not None and last is not None and strip["height"] > 80
    assert last["x"] + last["width"] > 1400
    many = open_tab(open_page(1440, 900), many_layers.root)
    thin = many.frame.locator(".panel.strip").first.bounding_box()
    assert thin is not None and thin["height"] < 20


def test_more_runs_than_layers_stand_as_rows_by_themselves(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    runs = "&p.activation_hist.runs=" + ",".join(RUNS)
    tab = open_tab(open_page(1440, 900), sweep.root, runs)
    turn = tab.frame.get_by_role("button", name="Transpose")
    assert turn.get_attribute("aria-pressed") == "true"
    assert turn.get_by_text("Transpose").is_visible()
    assert tab.frame.locator(".panel.strip").count() == 2 * len(RUNS)
    turn.click()
    tab.until(tab.hash, lambda hash_: "transposed=0" in hash_)
    # A filter of layers does not turn the page over.
    tab.set_hash(f"&p.activation_hist.runs={','.join(RUNS[:6])}")
    tab.until(lambda: turn.get_attribute("aria-pressed"), lambda pressed: pressed == "false")


def test_many_step_histograms_are_their_spread_and_what_is_unlike_it(
    open_page: Callable[..., Page], sweep: TensorBoard
) -> None:
    hash_ = f"&p.activation_hist.runs={','.join(RUNS)}&p.activation_hist.layout=panels"
    tab = open_tab(open_page(1440, 900), sweep.root, f"{hash_}&p.activation_hist.transposed=0")
    words = tab.frame.locator(".slice")
    title = tab.until(
        lambda: str(words.nth(1).get_attribute("title")), lambda text: "median" in text
    )
    assert title.startswith("median and middle half of 8 runs; unlike the others: " + RUNS[5])
    # Area, median and one run.
    assert words.nth(1).locator("path").count() == 3
    # The step is typed in the bar above, wherever the page is scrolled to.
    field = tab.frame.locator(".slice-head input")
    box = field.bounding_box()
    assert box is not None and 0 <= box["x"] < 1440
    field.fill("10")
    field.press("Enter")
    step = tab.frame.locator(".slice-title").first
    tab.until(step.inner_text, lambda text: text == "step 10")
