"""Worked examples: YAML cases of inline facts and expected results, run through the real engine (``partnersync test``)."""
