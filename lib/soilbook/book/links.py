"""A Sphinx extension: buttons that need a server, set by the environment when the book is built.

SOILBOOK_REPOSITORY (address) and SOILBOOK_BRANCH give the buttons repository, edit and issue;
with it SOILBOOK_BINDER, SOILBOOK_JUPYTERHUB and SOILBOOK_COLAB the launch buttons. Unset, there are
none: the book also works from a folder, with no network.
"""

import os

REPOSITORY = "SOILBOOK_REPOSITORY"  # environment: address of the repository, for links and buttons
BRANCH = "SOILBOOK_BRANCH"
LAUNCH = {
    "SOILBOOK_BINDER": "binderhub_url",
    "SOILBOOK_JUPYTERHUB": "jupyterhub_url",
    "SOILBOOK_COLAB": "colab_url",
}
# A page is made from the executed notebook; what one edits or launches is the chapter itself.
EXECUTED, CHAPTERS = "book/executed/", "chapters/"


def setup(app) -> dict:
    """Called by Sphinx."""
    app.connect("config-inited", set_options, priority=900)  # after the theme and jupyter-book
    app.connect("html-page-context", to_chapters, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def set_options(app, config) -> None:
    """Options of the theme from the environment; no numbers of Sphinx's own."""
    config.numfig = False  # jupyter-book sets it; figures bear the papers' own numbers
    address = os.environ.get(REPOSITORY)
    if not address:
        return
    options = config.html_theme_options
    buttons = ("use_repository_button", "use_edit_page_button", "use_issues_button")
    options |= dict.fromkeys(buttons, True)
    options["repository_url"] = address
    options["repository_branch"] = os.environ.get(BRANCH) or "main"
    if not any(name in address for name in ("github", "gitlab", "bitbucket")):
        options["repository_provider"] = "gitlab"
    launch = {option: os.environ[name] for name, option in LAUNCH.items() if os.environ.get(name)}
    options["launch_buttons"] = options.get("launch_buttons", {}) | launch


def to_chapters(app, pagename, templatename, context, doctree) -> None:
    """Buttons lead to the chapter's own notebook."""
    for button in context.get("header_buttons", []):
        for one in button.get("buttons", [button]):
            if one.get("url", "").startswith("http"):
                one["url"] = one["url"].replace(EXECUTED, CHAPTERS)
