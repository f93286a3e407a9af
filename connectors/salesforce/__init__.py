"""Salesforce: REST through simple-salesforce's session, our own token manager, one Composite call per idle cycle."""
