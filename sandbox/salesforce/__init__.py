"""A Salesforce org over HTTP: OAuth, REST, SOQL, composite and collections, as the vendor answers."""

from sandbox.salesforce.vendor import Salesforce

__all__ = ["Salesforce"]
