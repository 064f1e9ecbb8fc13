"""What the pages share and Streamlit draws."""
