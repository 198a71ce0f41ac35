"""Everything that needs no screen: the model, its tokenizer, its traces, its training.

Re-exports nothing, so that importing a type imports no torch.
"""
