"""Everything that is not drawn: no module below imports Streamlit."""
