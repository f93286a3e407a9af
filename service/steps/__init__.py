"""The steps of one cycle, one file each: they fetch what a decider needs, ask it, and store or send what it decided."""
