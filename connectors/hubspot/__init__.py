"""HubSpot: search for what changed, batches for what is written, one seam for the API version."""
