"""Who gets credit: pure functions from facts and rules to credits, evidence and findings."""
