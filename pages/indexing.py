"""Indexing: what is there, what it costs, how far it is."""

from ui.calls import calls_panel
from ui.collection_table import collection_table
from ui.engine import engine
from ui.index_archive import index_archive
from ui.indexing_panel import run_controls
from ui.known_facts import known_facts
from ui.not_indexed import away, not_indexed
from ui.resources import open_workspace
from ui.second_model import second_model
from ui.shell import just_opened, page_frame
from ui.showcase import prepare_showcase, say_read_only
from ui.sources import sources
from ui.uploads import uploads
from ui.visitor import manage, visitor

workspace = open_workspace()
title = "Index pictures"
may_manage = visitor(workspace).may_manage
if just_opened(title) and may_manage:
    manage(workspace).rescan()
page_frame(workspace, title, counted=False)

if may_manage:
    run_controls(workspace)
    away(workspace)
    not_indexed(workspace)
    uploads(workspace)
    sources(workspace)
    known_facts(workspace)
    second_model(workspace)
    calls_panel(workspace)
    prepare_showcase(workspace)
    index_archive(workspace)
    engine(workspace)
else:
    say_read_only(workspace)
collection_table(workspace)
