"""HubSpot: search for what changed, batches for what is written, one seam for the API version.

``connector`` wires; ``exchange`` sends and ``refusals`` tells answers apart; ``calls`` names the calls; ``pulling`` reads,
with ``changes`` deciding what a search still owes and ``cursor`` what is remembered; ``batches`` writes, ``tasks`` and
``properties`` on top of it. HubSpot's words (deal, company, property) end in this folder.
"""
