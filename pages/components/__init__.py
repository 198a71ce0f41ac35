"""The Python faces of the custom elements; their browser halves are in `assets/components/`."""
