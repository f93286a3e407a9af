"""A Salesforce and a HubSpot over plain HTTP, with their faults, that any client of either vendor can talk to."""
