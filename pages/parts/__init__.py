"""What several pages share: state, the guard of deep links, the warm-up, pickers, words."""
