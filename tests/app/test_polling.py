"""What looks again while something is under way leaves the rest of the page, and its clicks, alone.

Streamlit's test runs a function by its source, so each imports what it needs.
"""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def polled_page() -> None:
    import streamlit as st

    from ui.polling import poll

    poll(st.text, True)("polled")
    st.text("its neighbour")


def page_that_is_left_while_it_redraws() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx
    from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

    from ui.polling import redraw

    if "clicked" not in st.session_state:
        st.session_state["clicked"] = True
        get_script_run_ctx().script_requests.request_rerun(RerunData(query_string="q=clicked"))
        redraw()
    st.text(st.query_params.get("q", ""))


def page_that_counts_what_a_redraw_draws() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx

    from ui.polling import redraw

    context, drawn = get_script_run_ctx(), []
    send = context._enqueue

    def counted(message: object) -> None:
        send(message)
        drawn.append(message)

    context._enqueue = counted
    try:
        redraw()
    except RerunException:
        context._enqueue = send
        st.text(len(drawn))


def page_whose_press_is_done_at_once() -> None:
    import streamlit as st

    from ui.polling import page_drawn, poll, then_redraw

    page_drawn()
    part = poll(st.text, False)
    if "pressed" in st.session_state:
        part("the whole page, once more")
        st.stop()
    part("before")
    st.session_state["pressed"] = True
    press = then_redraw(lambda: None)
    press()
    part("the part alone")


def page_whose_redraw_waits() -> None:
    import streamlit as st

    from ui.polling import redraw, wait_with_redraws

    wait_with_redraws()
    redraw()
    st.text("the window stays")


def page_that_is_drawn_again() -> None:
    import streamlit as st

    from ui.polling import page_drawn, redraw, wait_with_redraws

    if "turn" not in st.session_state:
        st.session_state["turn"] = 1
        wait_with_redraws()
        page_drawn()
        redraw()
        st.text("not reached")
    st.text("drawn again")


def page_whose_index_is_away() -> None:
    import streamlit as st

    from core.errors import IndexUnavailable
    from ui.polling import poll

    def ask() -> None:
        raise IndexUnavailable("The database does not answer.")

    poll(ask, True)()
    st.text("what would ask once more")


def test_what_polls_while_the_index_is_away_says_so_and_ends_the_page() -> None:
    app = AppTest.from_function(page_whose_index_is_away).run()
    assert [each.value for each in app.error] == ["The database does not answer."]
    assert not app.exception and not app.text


def test_what_polls_is_alone_in_its_box() -> None:
    box, neighbour = AppTest.from_function(polled_page).run().main.children.values()
    assert neighbour.value == "its neighbour"
    [fragment] = box.children.values()
    [polled] = fragment.children.values()
    assert polled.value == "polled"


def test_a_redraw_does_not_undo_a_click_that_came_first() -> None:
    page = AppTest.from_function(page_that_is_left_while_it_redraws).run()
    assert [text.value for text in page.text] == ["clicked"]


def test_a_redraw_leaves_what_is_shown_until_the_page_comes() -> None:
    page = AppTest.from_function(page_that_counts_what_a_redraw_draws).run()
    assert [text.value for text in page.text] == ["0"]


def test_a_redraw_waits_while_a_window_is_open() -> None:
    page = AppTest.from_function(page_whose_redraw_waits).run()
    assert [text.value for text in page.text] == ["the window stays"]


def test_what_was_pressed_in_a_poll_draws_the_whole_page_also_where_it_is_done_at_once() -> None:
    page = AppTest.from_function(page_whose_press_is_done_at_once).run()
    assert [text.value for text in page.text] == ["the whole page, once more"]


def test_once_the_page_was_drawn_for_another_reason_a_redraw_waits_no_more() -> None:
    page = AppTest.from_function(page_that_is_drawn_again).run()
    assert [text.value for text in page.text] == ["drawn again"]
