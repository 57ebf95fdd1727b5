"""The plugin's routes (http_api.md): HTTP only, the answers are worked out elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePath
from typing import Any, Final

from tensorboard import plugin_util
from tensorboard.plugins import base_plugin
from werkzeug import wrappers

from tb_activation_hist.core.errors import ActivationHistError
from tb_activation_hist.core.names import PLUGIN_NAME, TAB_NAME
from tb_activation_hist.plugin import export
from tb_activation_hist.plugin.board_answer import BoardAnswers
from tb_activation_hist.plugin.comparison_answer import ComparisonAnswers
from tb_activation_hist.plugin.data_provider import (
    PLUGIN_OF_SOURCE,
    DataProvider,
    SeriesKey,
    is_series,
)
from tb_activation_hist.plugin.findings_answer import FindingsAnswers
from tb_activation_hist.plugin.index_answer import IndexAnswers
from tb_activation_hist.plugin.listing_cache import ListingCache
from tb_activation_hist.plugin.profile_answer import ProfileAnswers
from tb_activation_hist.plugin.query import (
    UNREADABLE_STATUS,
    RequestError,
    parse_board_request,
    parse_export_request,
    parse_share_request,
    parse_tile_requests,
    require_allowed_size,
    required,
)
from tb_activation_hist.plugin.reading_turns import Urgency
from tb_activation_hist.plugin.response import respond, respond_json
from tb_activation_hist.plugin.scalars_answer import scalar_answer
from tb_activation_hist.plugin.schema import ExportRequest
from tb_activation_hist.plugin.series_cache import UNREADABLE, SeriesCache
from tb_activation_hist.plugin.series_loader import LoadedSeries
from tb_activation_hist.plugin.sharing.answers import Answerers
from tb_activation_hist.plugin.sharing.share import make_file
from tb_activation_hist.plugin.slices_answer import slices_answer
from tb_activation_hist.plugin.static_files import (
    ENTRY,
    compress_static_file,
    list_static_files,
    mime_type,
    read_static_file,
)
from tb_activation_hist.plugin.sweep_answer import sweep_answer
from tb_activation_hist.plugin.tiles_answer import TilesAnswers
from tb_activation_hist.plugin.watched_files import WatchedFiles

ES_MODULE_PATH: Final = f"/static/{ENTRY}"

Handler = Callable[[wrappers.Request], wrappers.Response]

logger = logging.getLogger(__name__)


class ActivationHistPlugin(base_plugin.TBPlugin):
    """The plugin, as TensorBoard calls it."""

    plugin_name = PLUGIN_NAME

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self._data_provider = context.data_provider
        self._series_cache = SeriesCache()
        self._listings = ListingCache()
        self._tiles = TilesAnswers(self._series_cache, self._listings)
        self._board = BoardAnswers(self._series_cache, self._listings)
        self._logdir = str(getattr(getattr(context, "flags", None), "logdir", "") or "")
        self._files = WatchedFiles(self._logdir, partial(self._series_cache.pause, Urgency.LATER))
        self._index = IndexAnswers(self._listings, self._files.warnings)
        self._findings = FindingsAnswers(self._series_cache)
        self._comparisons = ComparisonAnswers(self._series_cache)
        self._profiles = ProfileAnswers(self._series_cache)
        self._answerers = Answerers(
            self._series_cache,
            self._listings,
            self._index,
            self._board,
            self._findings,
            self._comparisons,
            self._profiles,
        )

    def get_plugin_apps(self) -> Mapping[str, Any]:
        """WSGI applications by route."""
        return {
            ES_MODULE_PATH: _to_app("GET", self._serve_static),
            "/static/*": _to_app("GET", self._serve_static),
            "/index": _to_app("GET", self._serve_index),
            "/tiles": _to_app("POST", self._serve_tiles),
            "/board": _to_app("POST", self._serve_board),
            "/sweep": _to_app("GET", self._serve_sweep),
            "/scalars": _to_app("GET", self._serve_scalars),
            "/slices": _to_app("GET", self._serve_slices),
            "/profile": _to_app("GET", self._serve_profile),
            "/findings": _to_app("GET", self._serve_findings),
            "/comparison": _to_app("GET", self._serve_comparison),
            "/export": _to_app("GET", self._serve_export),
            "/share": _to_app("POST", self._serve_share),
        }

    def data_plugin_names(self) -> tuple[str, ...]:
        """The plugins whose data makes the tab active: this one and TensorBoard's histograms."""
        return tuple(PLUGIN_OF_SOURCE.values())

    def is_active(self) -> bool:
        """TensorBoard asks only when there is no data of `data_plugin_names`."""
        return False

    def frontend_metadata(self) -> base_plugin.FrontendMetadata:
        """Constant, because an error here would take down the listing of all plugins."""
        return base_plugin.FrontendMetadata(es_module_path=ES_MODULE_PATH, tab_name=TAB_NAME)

    def _provider(self, request: wrappers.Request) -> DataProvider:
        context = plugin_util.context(request.environ)
        experiment = plugin_util.experiment_id(request.environ)
        return DataProvider(self._data_provider, context, experiment, self._files.times_replaced)

    def _serve_static(self, request: wrappers.Request) -> wrappers.Response:
        name = request.path.partition("/static/")[2]
        content = read_static_file(name)
        if content is None:
            allowed = ", ".join(sorted(list_static_files() | {ENTRY}))
            raise RequestError(f"There is no file {name!r}; there are {allowed}.", 404)
        compressed = compress_static_file(content)
        content_type = mime_type(name) or "text/plain"
        return respond(request, compressed, content_type, content_encoding="gzip")

    def _serve_index(self, request: wrappers.Request) -> wrappers.Response:
        provider = self._provider(request)
        text = self._index.answer(provider, self._series_cache.warnings, request.args.get("known"))
        return respond(request, text, "application/json")

    def _serve_tiles(self, request: wrappers.Request) -> wrappers.Response:
        tiles = parse_tile_requests(_read_body(request))
        content = self._tiles.answer(self._provider(request), tiles)
        return respond(request, content, "application/octet-stream", content_encoding="gzip")

    def _serve_board(self, request: wrappers.Request) -> wrappers.Response:
        asked = parse_board_request(_read_body(request))
        return respond_json(request, self._board.answer(self._provider(request), asked))

    def _serve_sweep(self, request: wrappers.Request) -> wrappers.Response:
        return respond_json(request, sweep_answer(self._provider(request), self._listings))

    def _serve_scalars(self, request: wrappers.Request) -> wrappers.Response:
        run, tag = required(request.args, "run"), required(request.args, "tag")
        return respond_json(request, scalar_answer(self._provider(request), run, tag))

    def _serve_slices(self, request: wrappers.Request) -> wrappers.Response:
        return respond_json(request, slices_answer(self._provider(request), request.args))

    def _serve_profile(self, request: wrappers.Request) -> wrappers.Response:
        return respond_json(request, self._profiles.answer(self._provider(request), request.args))

    def _serve_findings(self, request: wrappers.Request) -> wrappers.Response:
        runs = request.args.getlist("runs")
        baseline = request.args.get("baseline", "")
        first = request.args.getlist("first")
        answer = self._findings.answer(self._provider(request), runs, baseline, first)
        return respond_json(request, answer)

    def _serve_comparison(self, request: wrappers.Request) -> wrappers.Response:
        a, b = required(request.args, "a"), required(request.args, "b")
        mode = request.args.get("mode", "exact")
        return respond_json(request, self._comparisons.answer(self._provider(request), a, b, mode))

    def _serve_export(self, request: wrappers.Request) -> wrappers.Response:
        asked = parse_export_request(request.args)
        loaded = self._load_for_export(self._provider(request), asked)
        series = export.at_steps(loaded.series, asked.steps)
        csv = asked.format == "csv"
        chunks = (
            export.series_to_csv(series) if csv else export.series_to_json(series, loaded.missing)
        )
        name = export.file_name(asked.run, asked.tag, asked.format)
        # http_util.Respond takes whole bodies only; it would send the same headers.
        return wrappers.Response(
            chunks,
            content_type="text/csv; charset=utf-8" if csv else "application/json",
            headers=[
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-cache, must-revalidate"),
                ("Content-Disposition", f'attachment; filename="{name}"'),
                ("X-Missing-Records", str(loaded.missing)),
            ],
        )

    def _serve_share(self, request: wrappers.Request) -> wrappers.Response:
        asked = parse_share_request(_read_body(request))
        origin = PurePath(self._logdir).name or "TensorBoard"
        try:
            shared = make_file(self._answerers, self._provider(request), asked, origin)
        except ActivationHistError as err:
            raise RequestError(str(err)) from err
        return respond(request, shared.html, "text/html")

    def _load_for_export(self, provider: DataProvider, asked: ExportRequest) -> LoadedSeries:
        key = SeriesKey(provider.experiment, asked.source, asked.run, asked.tag)
        listings = provider.list_series(asked.source, [asked.run], [asked.tag])
        if key not in listings or not is_series(key):
            raise RequestError(
                f"Run {asked.run!r} has no {asked.source} with the tag {asked.tag!r}.", 404
            )
        loaded = dict(self._series_cache.load(provider, {key: listings[key]})).get(key)
        if loaded is not None and (len(loaded.series) or not loaded.warning):
            return loaded
        reason = self._series_cache.warnings.get(key, UNREADABLE)
        raise RequestError(f"Run {asked.run!r}, tag {asked.tag!r}: {reason}", UNREADABLE_STATUS)


def _read_body(request: wrappers.Request) -> bytes:
    # A body that names its length is refused before it is read.
    require_allowed_size(request.content_length or 0)
    return request.get_data(cache=False)


def _to_app(method: str, handler: Handler) -> Any:
    """A WSGI application that takes one method and answers every error with a sentence."""

    def serve(request: wrappers.Request) -> wrappers.Response:
        try:
            if request.method not in (method, "HEAD" if method == "GET" else method):
                raise RequestError(f"This route takes {method}, not {request.method}.", 405)
            return handler(request)
        except RequestError as err:
            return respond(request, err.sentence, "text/plain", code=err.status)
        except Exception as err:  # the page can show a sentence, but not a bare status
            logger.exception("The activation_hist plugin failed at %s.", request.path)
            sentence = f"The plugin failed with {type(err).__name__}: {err}. See TensorBoard's log."
            return respond(request, sentence, "text/plain", code=500)

    return wrappers.Request.application(serve)
