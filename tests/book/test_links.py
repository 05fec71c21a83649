"""Buttons that need a server are there when the environment names one, and lead to chapters."""

from types import SimpleNamespace

import pytest

from soilbook.book import links, provenance

PLACE = "https://github.com/someone/soilbook"


@pytest.fixture
def config(monkeypatch):
    for name in (links.REPOSITORY, links.BRANCH, *links.LAUNCH):
        monkeypatch.delenv(name, raising=False)
    return SimpleNamespace(numfig=True, html_theme_options={"launch_buttons": {"a": 1}})


def test_none_without_a_repository(config, monkeypatch):
    monkeypatch.setenv("SOILBOOK_BINDER", "https://mybinder.org")
    links.set_options(None, config)
    assert config.html_theme_options == {"launch_buttons": {"a": 1}} and config.numfig is False


def test_all_of_them_with_one(config, monkeypatch):
    monkeypatch.setenv(links.REPOSITORY, PLACE)
    monkeypatch.setenv("SOILBOOK_BINDER", "https://mybinder.org")
    links.set_options(None, config)
    options = config.html_theme_options
    assert options["repository_url"] == PLACE and options["repository_branch"] == "main"
    assert options["launch_buttons"] == {"a": 1, "binderhub_url": "https://mybinder.org"}
    assert options["use_edit_page_button"] and options["use_issues_button"]
    assert "repository_provider" not in options


def test_a_server_of_ones_own_needs_a_kind(config, monkeypatch):
    monkeypatch.setenv(links.REPOSITORY, "https://code.example.org/someone/soilbook")
    links.set_options(None, config)
    assert config.html_theme_options["repository_provider"] == "gitlab"


def test_buttons_lead_to_the_chapter_and_not_to_its_executed_copy():
    edit = {"url": f"{PLACE}/edit/main/book/executed/wang2024/s5_conclusions.ipynb"}
    group = {"buttons": [{"url": f"{PLACE}/blob/book/executed/x.ipynb"}, {"javascript": "x"}]}
    local = {"url": "_sources/book/executed/x.ipynb"}
    links.to_chapters(None, "p", "t", {"header_buttons": [edit, group, local]}, None)
    assert edit["url"] == f"{PLACE}/edit/main/chapters/wang2024/s5_conclusions.ipynb"
    assert group["buttons"][0]["url"].endswith("chapters/x.ipynb")
    assert local["url"] == "_sources/book/executed/x.ipynb", "a file of the book itself"


def test_an_entry_has_version_and_commit(monkeypatch):
    monkeypatch.delenv(links.REPOSITORY, raising=False)
    made = {"commit": "a" * 40, "dirty": True}
    entry = provenance.bibtex(made, "4.2 Basic networks", "wang2024/s4_2_basic_networks")
    assert entry.startswith("@misc{soilbook-wang2024-s4-2-basic-networks,\n  title = {4.2 Basic")
    assert f"commit {'a' * 12}, with uncommitted changes" in entry and "url" not in entry
    monkeypatch.setenv(links.REPOSITORY, PLACE)
    assert f"url = {{{PLACE}}}" in provenance.bibtex(None) and "commit" not in provenance.bibtex(
        None
    )
    assert entry.count("{") == entry.count("}")
