"""The app as a person meets it: every page by AppTest, the story in a real browser."""
