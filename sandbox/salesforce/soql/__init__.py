"""SOQL: text to tokens, tokens to a tree, a tree to parameterised SQL."""
