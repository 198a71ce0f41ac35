"""Plotly figures: pure functions of arrays, without Streamlit and without torch."""
