"""The public names, what they take and give, and where they stand."""

import inspect
from importlib import import_module

import pytest

import tb_activation_hist
from tools.public_api import CALLBACK_MODULES, LISTING, listing, public_members, types_of

PACKAGES = (
    "callbacks",
    "capture",
    "cli",
    "core",
    "findings",
    "notebook",
    "plugin",
    "recording",
    "storage",
)


@pytest.mark.parametrize("name", tb_activation_hist.__all__)
def test_every_public_name_can_be_had_and_is_documented(name):
    if name == "ActivationHistCallback":
        pytest.importorskip("fastai", reason="fastai is an extra")
    value = getattr(tb_activation_hist, name)
    # A type alias has a comment in its module; what a type checker shows is its value.
    assert value.__doc__ or not (inspect.isclass(value) or inspect.isfunction(value))


def test_names_are_listed_and_sorted():
    assert tb_activation_hist.__all__ == sorted(tb_activation_hist.__all__)
    assert set(tb_activation_hist.__all__) <= set(dir(tb_activation_hist))
    assert set(tb_activation_hist._HOMES) == set(tb_activation_hist.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ActivationHist'"):
        tb_activation_hist.ActivationHist  # noqa: B018


@pytest.fixture
def _every_library():
    for library in CALLBACK_MODULES:
        pytest.importorskip(library, reason=f"{library} is an extra")


@pytest.mark.usefixtures("_every_library")
def test_members_and_signatures_are_those_of_the_listing():
    stored = LISTING.read_text(encoding="utf-8")
    assert listing() == stored, "if that is meant, run: .venv/bin/python -m tools.public_api"


@pytest.mark.usefixtures("_every_library")
def test_every_type_in_a_public_annotation_is_public():
    inner = {
        f"{own.__name__} in {member.text}"
        for member in public_members()
        for own in types_of(member)
        if own is not getattr(tb_activation_hist, own.__name__, None)
    }
    assert inner == set()


@pytest.mark.usefixtures("_every_library")
def test_types_are_found_in_annotations_and_in_aliases():
    (step,) = [m for m in public_members() if m.text.startswith("ActivationHistLogger.__init__")]
    found = {own.__name__ for own in types_of(step)}
    assert found == {"LoggerOptions", "MemoryWriter", "RunWriter", "SummaryWriterLike"}


@pytest.mark.usefixtures("_every_library")
@pytest.mark.parametrize("library", CALLBACK_MODULES)
def test_each_library_has_its_callback(library):
    module = import_module(f"tb_activation_hist.{library}")
    assert module.__all__ == ["ActivationHistCallback"]
    inner = import_module(f"tb_activation_hist.callbacks.{library}")
    assert module.ActivationHistCallback is inner.ActivationHistCallback


def test_the_top_level_callback_is_fastais():
    pytest.importorskip("fastai", reason="fastai is an extra")
    module = import_module("tb_activation_hist.fastai")
    assert tb_activation_hist.ActivationHistCallback is module.ActivationHistCallback


@pytest.mark.parametrize("package", PACKAGES)
def test_what_is_not_public_says_so(package):
    words = import_module(f"tb_activation_hist.{package}").__doc__
    assert "Not public: may change without notice." in words
